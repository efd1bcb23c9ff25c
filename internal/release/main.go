package main

import (
	"archive/zip"
	"cmp"
	"debug/buildinfo"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

func run(args []string, stdout io.Writer) error {
	switch {
	case len(args) == 3 && args[0] == "zip":
		seconds, err := strconv.ParseInt(os.Getenv("SOURCE_DATE_EPOCH"), 10, 64)
		if err != nil {
			return fmt.Errorf("SOURCE_DATE_EPOCH: %w", err)
		}
		return archive(args[1], args[2], time.Unix(seconds, 0).UTC())
	case len(args) == 3 && args[0] == "sbom":
		return sbom(stdout, args[1], args[2])
	}
	return fmt.Errorf("usage: release zip OUT DIR | release sbom BINARY LOCKFILE")
}

// archive writes a zip of every file below dir: in the order of their names,
// all at the same time, executable or not and nothing else of their modes.
func archive(out, dir string, at time.Time) error {
	f, err := os.Create(out)
	if err != nil {
		return err
	}
	defer f.Close() // closed below; this is for errors
	z := zip.NewWriter(f)
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error { // in lexical order
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		h := &zip.FileHeader{Name: filepath.ToSlash(name), Method: zip.Deflate, Modified: at}
		mode := fs.FileMode(0o644)
		if info.Mode()&0o100 != 0 { // the owner's bit: the others depend on the builder's umask
			mode = 0o755
		}
		h.SetMode(mode)
		w, err := z.CreateHeader(h)
		if err != nil {
			return err
		}
		content, err := os.Open(path)
		if err != nil {
			return err
		}
		defer content.Close()
		_, err = io.Copy(w, content)
		return err
	})
	if err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	return f.Close()
}

// The part of CycloneDX 1.6 that is used here (https://cyclonedx.org/docs/1.6/json).
type bom struct {
	Format     string      `json:"bomFormat"`
	Spec       string      `json:"specVersion"`
	Version    int         `json:"version"`
	Metadata   metadata    `json:"metadata"`
	Components []component `json:"components"`
}

type metadata struct {
	Component component `json:"component"`
}

type component struct {
	Type    string `json:"type"`
	Ref     string `json:"bom-ref"`
	Name    string `json:"name"`
	Version string `json:"version"`
	PURL    string `json:"purl"`
}

// sbom lists what is inside: the binary's Go modules, and the npm packages that
// the extension's bundle is made of.
func sbom(w io.Writer, binary, lockfile string) error {
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		return err
	}
	b := bom{Format: "CycloneDX", Spec: "1.6", Version: 1, Metadata: metadata{Component: goComponent("application", info.Main.Path, version(info))}}
	b.Components = append(b.Components, goComponent("library", "std", strings.TrimPrefix(info.GoVersion, "go")))
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		b.Components = append(b.Components, goComponent("library", m.Path, m.Version))
	}
	npm, err := bundled(lockfile)
	if err != nil {
		return err
	}
	b.Components = append(b.Components, npm...)
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(b)
}

// version is the one that the linker was told.
func version(info *buildinfo.BuildInfo) string {
	for _, s := range info.Settings {
		if s.Key == "-ldflags" {
			if _, after, ok := strings.Cut(s.Value, "main.version="); ok {
				return strings.Fields(after)[0]
			}
		}
	}
	return info.Main.Version
}

func goComponent(kind, path, version string) component {
	purl := "pkg:golang/" + path + "@" + version
	return component{Type: kind, Ref: purl, Name: path, Version: version, PURL: purl}
}

// bundled are the packages of a lockfile that esbuild puts into the bundle: what
// vscode-languageclient needs. The others are tools.
func bundled(lockfile string) ([]component, error) {
	raw, err := os.ReadFile(lockfile)
	if err != nil {
		return nil, err
	}
	var lock struct {
		Packages map[string]struct {
			Version      string
			Dependencies map[string]string
		}
	}
	if err := json.Unmarshal(raw, &lock); err != nil {
		return nil, fmt.Errorf("%s: %w", lockfile, err)
	}
	const top = "node_modules/"
	seen := map[string]bool{}
	var components []component
	var add func(from, name string) error
	add = func(from, name string) error {
		// npm's rule: the nearest node_modules upwards.
		for dir := from; ; dir = parent(dir) {
			key := strings.TrimPrefix(dir+"/"+top+name, "/")
			p, ok := lock.Packages[key]
			if !ok {
				if dir == "" {
					return fmt.Errorf("%s: no package %s for %s", lockfile, name, from)
				}
				continue
			}
			if seen[key] {
				return nil
			}
			seen[key] = true
			purl := "pkg:npm/" + strings.Replace(name, "@", "%40", 1) + "@" + p.Version
			components = append(components, component{Type: "library", Ref: purl, Name: name, Version: p.Version, PURL: purl})
			for dependency := range p.Dependencies {
				if err := add(key, dependency); err != nil {
					return err
				}
			}
			return nil
		}
	}
	if err := add("", "vscode-languageclient"); err != nil {
		return nil, err
	}
	slices.SortFunc(components, func(a, b component) int { return cmp.Compare(a.PURL, b.PURL) })
	return slices.CompactFunc(components, func(a, b component) bool { return a.PURL == b.PURL }), nil
}

// parent is the folder above in which npm looks next.
func parent(dir string) string {
	if i := strings.LastIndex(dir, "/node_modules/"); i >= 0 {
		return dir[:i]
	}
	return ""
}
