package agent

import (
	"archive/tar"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
)

// FilesSubsystem is the subsystem of a session channel that sends the files
// below some paths of the container, and again whenever they have changed. It is
// for volumes made of ConfigMaps, Secrets, downward API and service-account
// tokens, which the kubelet refreshes.
//
// The client sends one [FilesRequest] as JSON and ends its direction. The agent
// answers with one block per state of the files, until the channel is closed:
// four bytes with the length, big endian, of a [FilesHeader] as JSON, the header,
// four bytes with the length of a tar archive, the archive. Its entries are
// regular files, named by their path without the leading slash; symbolic links
// are followed.
const FilesSubsystem = "files"

// FilesRequest is what a client of [FilesSubsystem] sends.
type FilesRequest struct {
	// Paths are absolute; each is a file or a folder.
	Paths []string `json:"paths"`
}

// FilesHeader is the head of one block of [FilesSubsystem].
type FilesHeader struct {
	// Unreadable says of a path why it is not in the archive.
	Unreadable map[string]string `json:"unreadable,omitempty"`
}

// Limits of the files subsystem. A ConfigMap or Secret has at most 1 MiB.
const (
	maxFilesRequest = 64 << 10
	maxFilesBytes   = 32 << 20
	maxFilesDepth   = 32
	// filesPoll is how often the files are looked at, in the container and with a
	// few system calls; the kubelet itself takes a minute to bring a change.
	filesPoll = time.Second
	// filesTries is how often a state that changes while it is read is read anew.
	filesTries = 5
)

// sendFiles serves [FilesSubsystem] until the client closes the channel or the
// link ends; gone is closed then.
func (l *link) sendFiles(ch ssh.Channel, gone <-chan struct{}) {
	var request FilesRequest
	text, err := io.ReadAll(io.LimitReader(ch, maxFilesRequest))
	if err != nil || json.Unmarshal(text, &request) != nil {
		_, _ = ch.SendRequest("exit-status", false, ssh.Marshal(exitStatus{Status: 1}))
		return
	}
	ticker := time.NewTicker(filesPoll)
	defer ticker.Stop()
	sent, first := "", true // no files are a state, too
	for ; ; first = false {
		if state := stateOf(request.Paths); first || state != sent {
			block, err := readFiles(request.Paths)
			if err != nil {
				l.server.cfg.Logf("link %d: files: %v", l.number, err)
				return
			}
			if _, err := ch.Write(block); err != nil {
				return
			}
			sent = state
		}
		select {
		case <-ticker.C:
		case <-gone:
			return
		}
	}
}

// stateOf tells one state of the files from another without reading them. The
// kubelet replaces a volume's content by pointing the symbolic link ..data at
// another folder (pkg/volume/util/atomic_writer.go); anything else changes its
// size or its time.
func stateOf(paths []string) string {
	var b strings.Builder
	for _, path := range paths {
		if link, err := os.Readlink(filepath.Join(path, "..data")); err == nil {
			fmt.Fprintf(&b, "%s\x00", link)
			continue
		}
		_ = walkFiles(path, func(file string, info fs.FileInfo, err error) error {
			if err != nil {
				fmt.Fprintf(&b, "%s %v\x00", file, err)
			} else {
				fmt.Fprintf(&b, "%s %d %d\x00", file, info.Size(), info.ModTime().UnixNano())
			}
			return nil
		})
	}
	return b.String()
}

// readFiles makes one block. A state that changes meanwhile is read anew, so
// that a certificate never comes with another one's key.
func readFiles(paths []string) ([]byte, error) {
	for try := 1; ; try++ {
		before := stateOf(paths)
		header, archive, err := archiveOf(paths)
		if err != nil {
			return nil, err
		}
		if stateOf(paths) != before && try < filesTries {
			continue
		}
		text, err := json.Marshal(header)
		if err != nil {
			return nil, err
		}
		block := binary.BigEndian.AppendUint32(nil, uint32(len(text)))
		block = append(block, text...)
		block = binary.BigEndian.AppendUint32(block, uint32(len(archive)))
		return append(block, archive...), nil
	}
}

var errTooMuch = errors.New("the files have more than 32 MiB together")

func archiveOf(paths []string) (FilesHeader, []byte, error) {
	header := FilesHeader{Unreadable: map[string]string{}}
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	for _, path := range paths {
		err := walkFiles(path, func(file string, info fs.FileInfo, err error) error {
			var content []byte
			if err == nil {
				content, err = readAtMost(file, maxFilesBytes-archive.Len())
			}
			if err != nil {
				header.Unreadable[file] = reasonOf(err)
				return nil
			}
			head := tar.Header{Name: strings.TrimPrefix(file, "/"), Mode: int64(info.Mode().Perm()), Size: int64(len(content)), Typeflag: tar.TypeReg}
			if err := w.WriteHeader(&head); err != nil {
				return err
			}
			_, err = w.Write(content)
			return err
		})
		if err != nil {
			return header, nil, err
		}
	}
	if err := w.Close(); err != nil { // writes the archive's end
		return header, nil, err
	}
	return header, archive.Bytes(), nil
}

func readAtMost(path string, limit int) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, int64(limit)+1))
	if err == nil && len(content) > limit {
		return nil, errTooMuch
	}
	return content, err
}

// reasonOf is an error without the path, which the reader has.
func reasonOf(err error) string {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err.Error()
	}
	return err.Error()
}

// walkFiles calls visit for each regular file at or below path, through symbolic
// links, and with an error for what cannot be looked at. What the kubelet keeps
// for itself in a volume, names that begin with "..", is left out.
func walkFiles(path string, visit func(file string, info fs.FileInfo, err error) error) error {
	return walkBelow(path, 0, visit)
}

func walkBelow(path string, depth int, visit func(string, fs.FileInfo, error) error) error {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return visit(path, nil, err)
	case info.Mode().IsRegular():
		return visit(path, info, nil)
	case !info.IsDir():
		return nil // a socket or a device is no projected file
	case depth == maxFilesDepth:
		return visit(path, nil, errors.New("too deep, or a circle of symbolic links"))
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return visit(path, nil, err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), "..") {
			continue
		}
		if err := walkBelow(filepath.Join(path, e.Name()), depth+1, visit); err != nil {
			return err
		}
	}
	return nil
}
