package share

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/tandem-dev/tandem/internal/fault"
)

// maxSocketPath is what a Unix socket's address holds everywhere (macOS has the
// shortest, 104 bytes with its NUL: sys/un.h).
const maxSocketPath = 103

// Path is the socket of those who agree on all of parts: the same address here,
// leading to the same place. It lies in dir, or where that is too long for a
// socket's address in a folder of the user's own below the temporary one. The
// error is fault.JournalFailed.
func Path(dir string, parts ...string) (string, error) {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	file := "share-" + hex.EncodeToString(h.Sum(nil))[:16] + ".sock"
	if len(filepath.Join(dir, file)) > maxSocketPath {
		sum := sha256.Sum256([]byte(dir))
		dir = filepath.Join(os.TempDir(), "tandem-"+strconv.Itoa(os.Getuid())+"-"+hex.EncodeToString(sum[:4]))
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fault.Wrap(err, fault.JournalFailed, "making the folder %s of the sockets of shared forwards", dir)
	}
	if err := Private(dir); err != nil {
		return "", err
	}
	return filepath.Join(dir, file), nil
}

// Serving says who serves at a path, if anybody does.
func Serving(ctx context.Context, path string) (Owner, bool) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", path)
	if err != nil {
		return Owner{}, false
	}
	up, err := greeted(ctx, conn.(*net.UnixConn))
	if err != nil {
		return Owner{}, false
	}
	up.sockets.close()
	up.close()
	return up.owner, true
}
