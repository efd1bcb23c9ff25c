//go:build unix

package main

import (
	"os"
	"strings"
	"testing"

	"github.com/creack/pty"
)

// Colours are for terminals, and not for those who do not want them.
func TestPaint(t *testing.T) {
	ours, theirs, err := pty.Open()
	if err != nil {
		t.Skipf("no pseudo-terminal to be had: %v", err)
	}
	defer ours.Close()
	defer theirs.Close()
	file, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, c := range []struct {
		name          string
		w             *os.File
		noColor, term string
		want          bool
	}{
		{"terminal", theirs, "", "xterm", true},
		{"file", file, "", "xterm", false},
		{"NO_COLOR", theirs, "1", "xterm", false},
		{"dumb terminal", theirs, "", "dumb", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("NO_COLOR", c.noColor)
			t.Setenv("TERM", c.term)
			if got := strings.Contains(newPaint(c.w).bad("x"), "\x1b"); got != c.want {
				t.Errorf("coloured: %v, want %v", got, c.want)
			}
		})
	}
}
