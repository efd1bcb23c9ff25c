package rpc

import (
	"net/url"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/tandem-dev/tandem/internal/fault"
)

// pathOf is the path of a file URI, or of an absolute path given in its place.
func pathOf(uri string) (string, error) { return filePath(uri, runtime.GOOS == "windows") }

// uriOf is the file URI of an absolute path.
func uriOf(path string) string { return fileURI(path, runtime.GOOS == "windows") }

func filePath(uri string, windows bool) (string, error) {
	if !strings.HasPrefix(strings.ToLower(uri), "file:") {
		if filepath.IsAbs(uri) {
			return filepath.Clean(uri), nil
		}
		return "", fault.New(fault.InvalidParams, "%q is neither a file URI nor an absolute path", uri)
	}
	u, err := url.Parse(uri)
	if err != nil || u.Path == "" {
		return "", fault.New(fault.InvalidParams, "%q is not a file URI", uri)
	}
	path := u.Path
	remote := u.Host != "" && !strings.EqualFold(u.Host, "localhost")
	switch {
	case !windows && remote:
		return "", fault.New(fault.InvalidParams, "%q is on another machine", uri)
	case !windows:
		return filepath.Clean(path), nil
	case remote: // a share
		path = "//" + u.Host + path
	case len(path) >= 3 && path[0] == '/' && path[2] == ':': // a drive: /c:/dir
		path = strings.ToUpper(path[1:2]) + path[2:]
	}
	return strings.ReplaceAll(path, "/", `\`), nil
}

func fileURI(path string, windows bool) string {
	u := url.URL{Scheme: "file", Path: path}
	if windows {
		u.Path = strings.ReplaceAll(path, `\`, "/")
		if share, ok := strings.CutPrefix(u.Path, "//"); ok {
			host, rest, _ := strings.Cut(share, "/")
			u.Host, u.Path = host, "/"+rest
		} else {
			u.Path = "/" + u.Path
		}
	}
	return u.String()
}
