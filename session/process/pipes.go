package process

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"time"

	"github.com/tandem-dev/tandem/internal/fault"
)

// chunk is the most that is read, and handed to a writer, at once.
const chunk = 32 << 10

// stream carries the command's output from our end of a pipe to a writer. Its
// goroutine is the only one that touches err until done closes.
type stream struct {
	from *os.File
	to   io.Writer
	done chan struct{}
	err  error
}

// copy runs until the last writer of the pipe is gone, a deadline passes or
// from is closed. It goes on reading after a failed write: the command must not
// die of SIGPIPE, or stall, because somebody stopped looking.
func (s *stream) copy() {
	defer close(s.done)
	buf := make([]byte, chunk)
	for {
		n, err := s.from.Read(buf)
		if n > 0 && s.err == nil {
			if _, werr := s.to.Write(buf[:n]); werr != nil {
				s.err = lostOutput(werr)
			}
		}
		if err != nil {
			return
		}
	}
}

// finishStreams gives all streams together limit to deliver the rest. A reader
// held open by a process that left the session runs into the read deadline; a
// writer that does not return runs into the timer.
func finishStreams(streams []*stream, limit time.Duration) error {
	deadline := time.Now().Add(limit)
	for _, s := range streams {
		// Where a file knows no deadlines its Close below has to do.
		_ = s.from.SetReadDeadline(deadline)
	}
	// The timer is later than the deadline, so that it speaks of writers alone.
	timer := time.NewTimer(limit + limit/4)
	defer timer.Stop()
	var errs []error
	for _, s := range streams {
		select {
		case <-s.done:
			errs = append(errs, s.err)
		case <-timer.C:
			timer.Reset(0) // the next stream is not given another limit
			select {
			case <-s.done:
				errs = append(errs, s.err)
			default:
				errs = append(errs, lostOutput(errors.New("its writer blocks")))
			}
		}
		_ = s.from.Close()
	}
	return errors.Join(errs...)
}

// pipes is the wiring without a terminal.
type pipes struct {
	childEnds []*os.File // closed once the command has them
	streams   []*stream
	stdin     io.Reader
	feed      *os.File // our end of the stdin pipe, nil without one
}

func wirePipes(cmd *exec.Cmd, spec Spec) (wiring, error) {
	w := &pipes{}
	if err := w.wire(cmd, spec); err != nil {
		w.release()
		return nil, fault.Wrap(err, fault.CommandFailed, "making pipes for %s", spec.Argv[0])
	}
	return w, nil
}

// wire gives cmd only files: os/exec then starts no goroutines of its own, whose
// end would hang on pipes that strangers keep open.
func (w *pipes) wire(cmd *exec.Cmd, spec Spec) error {
	switch in := spec.Stdin.(type) {
	case nil:
	case *os.File:
		cmd.Stdin = in
	default:
		r, feed, err := os.Pipe()
		if err != nil {
			return err
		}
		w.childEnds, w.stdin, w.feed = append(w.childEnds, r), in, feed
		cmd.Stdin = r
	}
	var err error
	if cmd.Stdout, err = w.output(spec.Stdout); err != nil {
		return err
	}
	if sameWriter(spec.Stdout, spec.Stderr) {
		cmd.Stderr = cmd.Stdout
		return nil
	}
	cmd.Stderr, err = w.output(spec.Stderr)
	return err
}

// output is the file that the command writes to; nil is the null device.
func (w *pipes) output(to io.Writer) (io.Writer, error) {
	switch f := to.(type) {
	case nil:
		return nil, nil
	case *os.File:
		return f, nil
	}
	r, childEnd, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	w.childEnds = append(w.childEnds, childEnd)
	w.streams = append(w.streams, &stream{from: r, to: to, done: make(chan struct{})})
	return childEnd, nil
}

// sameWriter compares two writers; a type that cannot be compared never matches.
func sameWriter(a, b io.Writer) (same bool) {
	defer func() {
		if recover() != nil {
			same = false
		}
	}()
	return a != nil && a == b
}

func (w *pipes) begin(*Process) {
	w.closeChildEnds()
	for _, s := range w.streams {
		go s.copy()
	}
	if w.feed != nil {
		go w.copyInput()
	}
}

// copyInput ends at the reader's end, or at the first write after closeInput or
// after the command closed its input.
func (w *pipes) copyInput() {
	defer w.feed.Close()
	_, _ = io.Copy(w.feed, w.stdin)
}

func (w *pipes) closeInput() {
	if w.feed != nil {
		_ = w.feed.Close()
	}
}

func (w *pipes) finish(limit time.Duration) error { return finishStreams(w.streams, limit) }

func (w *pipes) signal(os.Signal) (bool, error) { return false, nil }

func (w *pipes) closeChildEnds() {
	for _, f := range w.childEnds {
		_ = f.Close()
	}
	w.childEnds = nil
}

func (w *pipes) release() {
	w.closeChildEnds()
	w.closeInput()
	for _, s := range w.streams {
		_ = s.from.Close()
	}
}
