//go:build darwin || linux

package process

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// inputCopy carries what is typed to the pseudo-terminal. It reads only when
// something is there and nobody has told it to end, so what is typed after the
// command's end stays in the terminal for the next reader. (A blocked read
// could not be taken back, and would swallow the next key.)
type inputCopy struct {
	from, to *os.File
	wakeR    *os.File
	wakeW    *os.File
	hungUp   func()
	done     chan struct{}
}

// startInput starts the goroutine that close ends. hungUp is called when our
// terminal is gone: whoever sat there cannot end the command any more.
func startInput(from, to *os.File, hungUp func()) *inputCopy {
	c := &inputCopy{from: from, to: to, hungUp: hungUp, done: make(chan struct{})}
	var err error
	if c.wakeR, c.wakeW, err = os.Pipe(); err != nil {
		hungUp() // out of files: a terminal that cannot be read is none
		close(c.done)
		return c
	}
	go c.copy()
	return c
}

func (c *inputCopy) copy() {
	defer close(c.done)
	fd, wake := int(c.from.Fd()), int(c.wakeR.Fd())
	buf := make([]byte, 4<<10)
	for {
		ready, woken, err := waitReadable(fd, wake)
		if woken {
			return
		}
		if err != nil {
			c.hungUp()
			return
		}
		if !ready {
			continue
		}
		n, err := unix.Read(fd, buf)
		switch {
		case errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINTR):
			continue
		case err != nil || n == 0:
			c.hungUp()
			return
		}
		if _, err := c.to.Write(buf[:n]); err != nil {
			return // closeInput's deadline, or the command's side is gone
		}
	}
}

// close returns when nothing is read any more.
func (c *inputCopy) close() {
	if c.wakeR == nil {
		return
	}
	_ = c.wakeW.Close() // the end of the pipe is what wakes it
	<-c.done
	_ = c.wakeR.Close()
}
