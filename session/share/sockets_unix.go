//go:build unix

package share

import (
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
)

// sockets are listening sockets of another process, not served yet: descriptors
// rather than files, so that nothing here wakes up for connections that the other
// one takes.
type sockets []int

func (s *sockets) close() {
	for _, fd := range *s {
		syscall.Close(fd)
	}
	*s = nil
}

// listeners makes them this process's to serve. They are gone from s then.
func (s *sockets) listeners() ([]net.Listener, error) {
	var all []net.Listener
	for _, fd := range *s {
		f := os.NewFile(uintptr(fd), "shared")
		l, err := net.FileListener(f) // of a copy
		f.Close()
		if err != nil {
			err = fmt.Errorf("taking a listening socket over: %w", err)
			closeAll(all)
			*s = nil
			return nil, err
		}
		all = append(all, l)
	}
	*s = nil
	return all, nil
}

// maxSockets is how many listeners go in one message; a port has one for each
// family.
const maxSockets = 8

// give sends text and copies of the listeners' sockets in one message.
func give(conn *net.UnixConn, text []byte, listeners []net.Listener) error {
	fds := make([]int, 0, len(listeners))
	return held(listeners, &fds, func() error {
		_, _, err := conn.WriteMsgUnix(text, syscall.UnixRights(fds...), nil)
		return err
	})
}

// held calls do while none of the listeners can be closed; their descriptors are
// in fds then. (File would give copies, but its Fd makes the socket blocking for
// everybody.)
func held(listeners []net.Listener, fds *[]int, do func() error) error {
	if len(listeners) == 0 || len(*fds) == maxSockets {
		return do()
	}
	l, ok := listeners[0].(syscall.Conn)
	if !ok {
		return errors.New("the listener has no socket")
	}
	raw, err := l.SyscallConn()
	if err != nil {
		return err
	}
	var failure error
	err = raw.Control(func(fd uintptr) {
		*fds = append(*fds, int(fd))
		failure = held(listeners[1:], fds, do)
	})
	return errors.Join(err, failure)
}

// take receives what give has sent.
func take(conn *net.UnixConn) (text []byte, given sockets, err error) {
	text, control := make([]byte, maxGreeting), make([]byte, syscall.CmsgSpace(4*maxSockets))
	n, controlled, _, _, err := conn.ReadMsgUnix(text, control)
	if err != nil {
		return nil, nil, err
	}
	messages, err := syscall.ParseSocketControlMessage(control[:controlled])
	if err != nil {
		return nil, nil, err
	}
	for _, m := range messages {
		fds, err := syscall.ParseUnixRights(&m)
		if err != nil {
			given.close()
			return nil, nil, err
		}
		given = append(given, fds...)
	}
	return text[:n], given, nil
}
