package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2/maybe"

	"github.com/tandem-dev/tandem/envfile"
	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/rpc/protocol"
)

// connectionName is the connection file's name in the folder [envfile.DirName]
// of a workspace.
const connectionName = "connection.json"

// connection tells an editor that has no plugin for Tandem how to start the
// server: it runs argv in the workspace's folder and speaks over stdin and stdout.
// The form is that of the Build Server Protocol's connection files.
type connection struct {
	Name            string   `json:"name"`
	Version         string   `json:"version"`
	ProtocolVersion int      `json:"protocolVersion"`
	Languages       []string `json:"languages"`
	// Files are the names of the documents that the server understands.
	Files []string `json:"files"`
	Argv  []string `json:"argv"`
}

// thisConnection starts this very program. A link that leads to it stays one, so
// that the file is right after an upgrade.
func thisConnection() (connection, error) {
	program, err := os.Executable()
	if err != nil {
		return connection{}, fault.Wrap(err, fault.Internal, "finding the path of this program")
	}
	return connection{
		Name: "tandem", Version: version, ProtocolVersion: protocol.Version,
		Languages: []string{"yaml"}, Files: []string{"okteto.yml", "okteto.yaml"}, Argv: []string{program, "serve"},
	}, nil
}

// text is the connection as a file holds it.
func (c connection) text() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(c)
	return b.Bytes(), err
}

// printConnection is `tandem serve --print-connection`.
func printConnection(w io.Writer) error {
	c, err := thisConnection()
	if err != nil {
		return err
	}
	text, err := c.text()
	if err != nil {
		return err
	}
	_, err = w.Write(text)
	return err
}

// writeConnection writes the file of a workspace and returns its path. The
// folder is hidden from git: the path of a program is one machine's.
func writeConnection(workspace string, c connection) (string, error) {
	dir := filepath.Join(workspace, envfile.DirName)
	path := filepath.Join(dir, connectionName)
	fail := func(err error) (string, error) {
		return "", fault.Wrap(err, fault.EnvUnwritable, "writing the connection file %s", path).
			Hint("check the folder's rights")
	}
	text, err := c.text()
	if err != nil {
		return fail(err)
	}
	if info, err := os.Stat(workspace); err != nil {
		return fail(err)
	} else if !info.IsDir() {
		return fail(&os.PathError{Op: "open", Path: workspace, Err: os.ErrInvalid})
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fail(err)
	}
	ignore := filepath.Join(dir, ".gitignore")
	if _, err := os.Lstat(ignore); os.IsNotExist(err) {
		if err := os.WriteFile(ignore, []byte("*\n"), 0o600); err != nil {
			return fail(err)
		}
	}
	if err := maybe.WriteFile(path, text, 0o644); err != nil {
		return fail(err)
	}
	return path, nil
}
