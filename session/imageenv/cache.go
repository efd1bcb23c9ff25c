package imageenv

import (
	"cmp"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// cache keeps results by digest and platform. It is only a saving: whatever
// goes wrong with it, the registry is asked.
type cache struct{ dir string }

// most bounds the folder; the oldest files go first.
const most = 256

// kept is the content of a file.
type kept struct {
	// Env is never nil in a good file: an image without ENV has [].
	Env []string `json:"env"`
}

func (c cache) path(digest v1.Hash, p v1.Platform) string {
	id := strings.Join([]string{digest.Algorithm, digest.Hex, p.OS, p.Architecture, p.Variant}, "-")
	// The parts come from a registry reference and a node: no separators.
	return filepath.Join(c.dir, strings.Map(func(r rune) rune {
		if r == '-' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' {
			return r
		}
		return '_'
	}, strings.TrimRight(id, "-"))+".json")
}

func (c cache) get(digest v1.Hash, p v1.Platform) ([]string, bool) {
	if c.dir == "" {
		return nil, false
	}
	content, err := os.ReadFile(c.path(digest, p))
	if err != nil {
		return nil, false
	}
	var k kept
	if json.Unmarshal(content, &k) != nil || k.Env == nil {
		return nil, false // half a file of a full disk, or not ours
	}
	return k.Env, true
}

func (c cache) put(digest v1.Hash, p v1.Platform, env []string) error {
	if c.dir == "" {
		return nil
	}
	if err := os.MkdirAll(c.dir, 0o700); err != nil {
		return err
	}
	content, err := json.Marshal(kept{env})
	if err != nil {
		return err
	}
	// CreateTemp makes it 0600; the rename lets two processes write at once.
	f, err := os.CreateTemp(c.dir, ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // gone already after the rename
	_, err = f.Write(content)
	if err := cmp.Or(err, f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), c.path(digest, p)); err != nil {
		return err
	}
	return c.prune()
}

// prune removes the oldest files above the limit.
func (c cache) prune() error {
	entries, err := os.ReadDir(c.dir)
	if err != nil || len(entries) <= most {
		return err
	}
	var files []os.FileInfo
	for _, e := range entries {
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() {
			files = append(files, info)
		}
	}
	slices.SortFunc(files, func(a, b os.FileInfo) int { return a.ModTime().Compare(b.ModTime()) })
	for _, f := range files[:max(0, len(files)-most)] {
		if err := os.Remove(filepath.Join(c.dir, f.Name())); err != nil && !os.IsNotExist(err) {
			return err
		}
	}
	return nil
}
