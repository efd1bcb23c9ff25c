package tunnel

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"

	"golang.org/x/crypto/ssh"

	"github.com/tandem-dev/tandem/internal/fault"
)

// Files is one state of files in the dev container.
type Files struct {
	// Archive is a tar archive of regular files, each named by its path in the
	// container without the leading slash.
	Archive []byte
	// Unreadable says of a path why it is not in Archive.
	Unreadable map[string]string
}

// Limits of what an agent is believed to send.
const (
	filesHeaderLimit  = 1 << 20
	filesArchiveLimit = 64 << 20
)

// Files asks the agent for the files at or below absolute paths of the dev
// container, calls take with their present state, and again with each later one,
// until ctx ends, the link is lost, or take returns an error; it returns the
// reason, which is never nil. Calls of take do not overlap. The agent looks for
// changes every second; a state that was replaced while take ran may be missed,
// its successor is not.
func (l *Link) Files(ctx context.Context, paths []string, take func(Files) error) error {
	request, err := json.Marshal(struct {
		Paths []string `json:"paths"`
	}{paths})
	if err != nil {
		return err
	}
	ended := make(chan error, 1)
	var refused error // by take; read after ended
	if !l.spawn(func() {
		ch, reqs, err := l.control.OpenChannel("session", nil)
		if err != nil {
			ended <- err
			return
		}
		defer ch.Close()
		stop := context.AfterFunc(ctx, func() { ch.Close() })
		defer stop()
		drained := make(chan struct{})
		go func() { // ends with the channel
			defer close(drained)
			ssh.DiscardRequests(reqs)
		}()
		err = followFiles(ch, request, func(f Files) error {
			refused = take(f)
			return refused
		})
		ch.Close()
		<-drained
		ended <- err
	}) {
		return ErrClosed
	}
	err = <-ended
	switch {
	case refused != nil:
		return refused
	case ctx.Err() != nil:
		return fmt.Errorf("reading files of the dev container: %w", ctx.Err())
	}
	return fault.Wrap(l.explain(err), fault.LinkFailed, "reading files of the dev container")
}

// followFiles starts the subsystem and reads block after block.
func followFiles(ch ssh.Channel, request []byte, take func(Files) error) error {
	ok, err := ch.SendRequest("subsystem", true, ssh.Marshal(struct{ Name string }{"files"}))
	switch {
	case err != nil:
		return err
	case !ok:
		return fmt.Errorf("the agent has no files subsystem: it is older than this program")
	}
	if _, err := ch.Write(request); err != nil {
		return err
	}
	if err := ch.CloseWrite(); err != nil {
		return err
	}
	for {
		files, err := readFiles(ch)
		if err != nil {
			return err
		}
		if err := take(files); err != nil {
			return err
		}
	}
}

// readFiles reads one block: the length of a header as JSON, the header, the
// length of the archive, the archive.
func readFiles(r io.Reader) (Files, error) {
	header, err := readPart(r, filesHeaderLimit)
	if err != nil {
		return Files{}, err
	}
	var f Files
	if err := json.Unmarshal(header, &struct {
		Unreadable *map[string]string `json:"unreadable"`
	}{&f.Unreadable}); err != nil {
		return Files{}, fmt.Errorf("the agent's answer: %w", err)
	}
	f.Archive, err = readPart(r, filesArchiveLimit)
	return f, err
}

func readPart(r io.Reader, limit uint32) ([]byte, error) {
	var size uint32
	if err := binary.Read(r, binary.BigEndian, &size); err != nil {
		return nil, err
	}
	if size > limit {
		return nil, fmt.Errorf("the agent announces %d bytes, more than %d", size, limit)
	}
	part := make([]byte, size)
	_, err := io.ReadFull(r, part)
	return part, err
}
