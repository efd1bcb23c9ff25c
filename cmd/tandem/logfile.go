package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/tandem-dev/tandem/internal/fault"
)

// maxLogFile bounds a log file. A session logs some hundred lines, so this is
// months of work, or the last hours of one that traces everything.
const maxLogFile = 16 << 20

// logFile is a file that holds the end of a log: when it grows beyond max its
// older half is cut off, so there is one file, and its newest lines are always
// in it. Several servers may append to one file; lines that another one writes
// in the moment of the cut may be lost.
type logFile struct {
	max int64

	mu sync.Mutex
	f  *os.File
}

// openLogFile opens or makes the file for its owner alone: a log has names of
// objects and paths, though never the value of a secret.
func openLogFile(path string) (*logFile, error) {
	fail := func(err error) (*logFile, error) {
		return nil, fault.Wrap(err, fault.InvalidParams, "opening the log file %s", path).
			Hint("name a file in a folder that you may write to")
	}
	// A FIFO would block until somebody reads it, so what is there is looked at first.
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return fail(fmt.Errorf("it is no regular file"))
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		return fail(err)
	}
	if err := f.Chmod(0o600); err != nil {
		_ = f.Close()
		return fail(err)
	}
	return &logFile{f: f, max: maxLogFile}, nil
}

// Write appends one line.
func (l *logFile) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n, err := l.f.Write(line)
	if err != nil {
		return n, err
	}
	if info, err := l.f.Stat(); err == nil && info.Size() > l.max {
		return n, l.cut(info.Size())
	}
	return n, nil
}

// cut keeps the newer half, from the beginning of a line on.
func (l *logFile) cut(size int64) error {
	kept := make([]byte, l.max/2)
	n, err := l.f.ReadAt(kept, size-int64(len(kept)))
	if err != nil && err != io.EOF {
		return err
	}
	kept = kept[:n]
	if i := bytes.IndexByte(kept, '\n'); i >= 0 {
		kept = kept[i+1:]
	}
	if err := l.f.Truncate(0); err != nil {
		return err
	}
	// O_APPEND writes at the end, which is the beginning now.
	_, err = l.f.Write(append([]byte(`{"level":"info","message":"older lines were cut off"}`+"\n"), kept...))
	return err
}

func (l *logFile) Close() error { return l.f.Close() }
