package keep

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/gofrs/flock"

	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/session/share"
)

// startTimeout bounds the wait for a backend that was just started.
const startTimeout = 15 * time.Second

// maxSocketPath is what a Unix socket's address holds everywhere (macOS has the
// shortest, 104 bytes with its NUL: sys/un.h), with room for ".lock" beside.
const maxSocketPath = 103

// Name is the path of the socket for those who agree on all of parts: the same
// user, the same build, the same way to the cluster. It lies in stateDir where
// the system's limit for such paths allows that, else in a folder of the user's
// own below the temporary one.
func Name(stateDir string, parts ...string) (string, error) {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	file := "keep-" + hex.EncodeToString(h.Sum(nil))[:16] + ".sock"
	dir := filepath.Join(stateDir, "run")
	if len(filepath.Join(dir, file)) > maxSocketPath {
		dir = filepath.Join(os.TempDir(), "tandem-"+strconv.Itoa(os.Getuid()))
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fault.Wrap(err, fault.JournalFailed, "making the folder of the backend's socket %s", dir)
	}
	if err := share.Private(dir); err != nil {
		return "", err
	}
	return filepath.Join(dir, file), nil
}

// listen makes the socket at path, in the place of one that a crash left. The
// caller is the only one who may be about to: whoever starts a backend holds
// the lock.
func listen(path string) (net.Listener, error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fault.Wrap(err, fault.Internal, "removing the socket %s that a crash left", path)
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fault.Wrap(err, fault.Internal, "opening the backend's socket %s", path)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(fault.Wrap(err, fault.Internal, "closing the backend's socket %s to others", path), l.Close())
	}
	return l, nil
}

// dialOrStart returns a connection that was greeted.
func dialOrStart(ctx context.Context, path string, start func() error) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	lock := flock.New(path + ".lock")
	if _, err := lock.TryLockContext(ctx, 10*time.Millisecond); err != nil {
		return nil, fault.Wrap(err, fault.Timeout, "waiting for the lock %s", lock.Path())
	}
	defer lock.Unlock() //nolint:errcheck // nothing can be done about it
	if conn, err := dial(ctx, path); err == nil {
		return conn, nil
	}
	if err := start(); err != nil {
		return nil, err
	}
	for {
		conn, err := dial(ctx, path)
		if err == nil {
			return conn, nil
		}
		// The file system cannot be waited for everywhere; a start takes some 20 ms.
		select {
		case <-time.After(5 * time.Millisecond):
		case <-ctx.Done():
			return nil, fault.Wrap(err, fault.Timeout, "waiting for the backend at %s", path).
				Hint("its log is %s", LogPath(path))
		}
	}
}

// LogPath is where the backend of a socket writes its log.
func LogPath(socket string) string { return socket[:len(socket)-len(filepath.Ext(socket))] + ".log" }

// dial connects and waits for the greeting.
func dial(ctx context.Context, path string) (net.Conn, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", path)
	if err != nil {
		return nil, err
	}
	if deadline, ok := ctx.Deadline(); ok {
		_ = conn.SetReadDeadline(deadline)
	}
	line := make([]byte, len(greeting)) // exactly: the next byte is the protocol's
	if _, err := io.ReadFull(conn, line); err != nil {
		conn.Close()
		return nil, fmt.Errorf("reading the backend's greeting: %w", err)
	}
	if string(line) != greeting {
		conn.Close()
		return nil, fmt.Errorf("what listens at %s is no backend", path)
	}
	_ = conn.SetReadDeadline(time.Time{})
	return conn, nil
}
