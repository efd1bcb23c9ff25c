package image

import (
	"errors"
	"flag"
	"fmt"
	"strings"

	"github.com/google/go-containerregistry/pkg/crane"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// Run is the image tool: it builds an image and either pushes it (-push REF,
// plain HTTP allowed; prints the reference by digest) or writes it as an archive
// that containerd imports (-tar FILE -tag REF). The other flags are the fields
// of Spec, repeated as needed.
func Run(args []string) error {
	s := Spec{Files: map[string]string{}, Links: map[string]string{}}
	fs := flag.NewFlagSet("image", flag.ExitOnError)
	fs.Func("file", "PATH_IN_IMAGE=FILE", pair(s.Files))
	fs.Func("link", "PATH_IN_IMAGE=TARGET", pair(s.Links))
	fs.Func("dir", "PATH_IN_IMAGE", list(&s.Dirs))
	fs.Func("env", "NAME=VALUE", list(&s.Env))
	fs.Func("entrypoint", "one word of the entrypoint", list(&s.Entrypoint))
	fs.Func("cmd", "one word of the command", list(&s.Cmd))
	fs.Func("port", "a port that the program listens on", func(v string) error {
		var p int
		if _, err := fmt.Sscanf(v, "%d", &p); err != nil || p < 1 || p > 65535 {
			return errors.New("not a port")
		}
		s.Ports = append(s.Ports, p)
		return nil
	})
	fs.StringVar(&s.User, "user", "", "user the container runs as")
	fs.StringVar(&s.Workdir, "workdir", "", "working folder")
	push := fs.String("push", "", "reference to push to")
	file := fs.String("tar", "", "archive to write")
	tag := fs.String("tag", "", "reference inside the archive")
	_ = fs.Parse(args) // ExitOnError: never returns an error

	img, err := Build(s)
	if err != nil {
		return err
	}
	switch {
	case *push != "":
		if err := crane.Push(img, *push, crane.Insecure); err != nil {
			return err
		}
		digest, err := img.Digest()
		if err != nil {
			return err
		}
		fmt.Printf("%s@%s\n", *push, digest)
		return nil
	case *file != "" && *tag != "":
		ref, err := name.NewTag(*tag)
		if err != nil {
			return err
		}
		return tarball.WriteToFile(*file, ref, img)
	}
	return errors.New("want -push REF, or -tar FILE and -tag REF")
}

func list(to *[]string) func(string) error {
	return func(v string) error { *to = append(*to, v); return nil }
}

func pair(to map[string]string) func(string) error {
	return func(v string) error {
		k, v, ok := strings.Cut(v, "=")
		if !ok || !strings.HasPrefix(k, "/") {
			return errors.New("want an absolute path, =, and a value")
		}
		to[k] = v
		return nil
	}
}
