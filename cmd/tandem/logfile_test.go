package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestLogFileKeepsTheNewestLines(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tandem.log")
	if err := os.WriteFile(path, []byte("from before\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	l, err := openLogFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	l.max = 10_000
	const lines = 2000
	for i := range lines {
		if _, err := fmt.Fprintf(l, "line %d\n", i); err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() > l.max || info.Size() < l.max/4 {
		t.Errorf("%d bytes, want at most %d and a good part of it", info.Size(), l.max)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("mode %o", info.Mode().Perm())
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	kept := strings.Split(strings.TrimSpace(string(text)), "\n")
	if !strings.Contains(kept[0], "cut off") {
		t.Errorf("begins with %q", kept[0])
	}
	for i, line := range kept[1:] { // whole lines without a gap, up to the last
		if want := fmt.Sprintf("line %d", lines-len(kept)+1+i); line != want {
			t.Fatalf("line %d is %q, want %q", i+1, line, want)
		}
	}
}

func TestLogFileIsAFile(t *testing.T) {
	dir := t.TempDir()
	for _, path := range []string{dir, filepath.Join(dir, "missing", "x.log"), os.DevNull} {
		if l, err := openLogFile(path); err == nil {
			l.Close()
			t.Errorf("%s is taken", path)
		} else if !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", path, err)
		}
	}
}
