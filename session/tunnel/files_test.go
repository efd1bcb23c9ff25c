package tunnel

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-dev/tandem/internal/fault"
)

// unpack reads an archive.
func unpack(t *testing.T, archive []byte) map[string]string {
	t.Helper()
	files := map[string]string{}
	for r := tar.NewReader(bytes.NewReader(archive)); ; {
		h, err := r.Next()
		if err == io.EOF {
			return files
		}
		content, readErr := io.ReadAll(r)
		if err != nil || readErr != nil {
			t.Fatal(err, readErr)
		}
		files["/"+h.Name] = string(content)
	}
}

func TestFiles(t *testing.T) {
	link := connect(t, startPod(t, nil).config())
	dir := t.TempDir()
	token, gone := filepath.Join(dir, "token"), filepath.Join(dir, "gone")
	write := func(content string) {
		t.Helper()
		if err := os.WriteFile(token+".new", []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(token+".new", token); err != nil {
			t.Fatal(err)
		}
	}
	write("first")
	enough := errors.New("enough")
	var seen []string
	err := link.Files(t.Context(), []string{token, gone}, func(f Files) error {
		seen = append(seen, unpack(t, f.Archive)[token])
		if diff := cmp.Diff([]string{gone}, keys(f.Unreadable)); diff != "" {
			t.Errorf("unreadable: %s", diff)
		}
		if len(seen) == 2 {
			return enough
		}
		write("second")
		return nil
	})
	if diff := cmp.Diff([]string{"first", "second"}, seen); diff != "" || err != enough {
		t.Errorf("%v: %s", err, diff)
	}
	if _, err := link.Ping(t.Context()); err != nil {
		t.Errorf("the link afterwards: %v", err)
	}
}

func keys(m map[string]string) (all []string) {
	for k := range m {
		all = append(all, k)
	}
	return all
}

// Files ends with its context and with the link.
func TestFilesEnds(t *testing.T) {
	link := connect(t, startPod(t, nil).config())
	ctx, cancel := context.WithCancel(t.Context())
	err := link.Files(ctx, []string{t.TempDir()}, func(Files) error {
		cancel()
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("after the end of the context: %v", err)
	}
	err = link.Files(t.Context(), []string{t.TempDir()}, func(Files) error {
		go link.Close()
		return nil
	})
	if err == nil || fault.KindOf(err) != fault.LinkFailed {
		t.Errorf("after the end of the link: %v", err)
	}
}

func FuzzReadFiles(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x02{}\x00\x00\x00\x01x"))
	f.Add([]byte("\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, block []byte) {
		files, err := readFiles(bytes.NewReader(block))
		if err == nil && !strings.Contains(string(block), string(files.Archive)) {
			t.Error("the archive is not from the block")
		}
	})
}
