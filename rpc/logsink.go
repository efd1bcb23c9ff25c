package rpc

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// logBacklog is how many bytes of log wait for a reader before lines are left out.
const logBacklog = 1 << 20

// LogSink is a writer that never waits. A pipe that nobody reads, which is what
// an editor makes of a server's standard error when it has no use for it, takes
// 64 KiB and then blocks whoever writes: without a sink a session would hang on a
// log line. Lines wait in memory; while more than 1 MiB does, further ones are left
// out, and the first line that is written afterwards says how many.
//
//	sink := rpc.NewLogSink(os.Stderr)
//	defer sink.Close(time.Second)
//
// One goroutine writes. It ends with Close, or with the write that Close did
// not wait for any longer.
type LogSink struct {
	w io.Writer

	mu      sync.Mutex
	changed *sync.Cond // lines or closing
	lines   [][]byte
	bytes   int // of lines and of the one that is being written
	dropped int64
	closing bool

	done chan struct{} // closed when run returns
}

// NewLogSink starts a sink before w, which must take a line per Write.
func NewLogSink(w io.Writer) *LogSink {
	s := newLogSink(w)
	go s.run()
	return s
}

// newLogSink makes one whose run the caller starts.
func newLogSink(w io.Writer) *LogSink {
	s := &LogSink{w: w, done: make(chan struct{})}
	s.changed = sync.NewCond(&s.mu)
	return s
}

// Write queues one line, or counts it as left out. It always succeeds: a log
// that cannot be written is nobody's reason to fail.
func (s *LogSink) Write(line []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closing:
	case s.bytes > 0 && s.bytes+len(line) > logBacklog:
		s.dropped++
	default:
		s.lines = append(s.lines, append([]byte(nil), line...)) // the caller's buffer is its own
		s.bytes += len(line)
		s.changed.Signal()
	}
	return len(line), nil
}

// NeverWaits marks a writer that needs no sink before it.
func (s *LogSink) NeverWaits() {}

// Close writes what waits, for as long as timeout at most. Later lines are
// ignored.
func (s *LogSink) Close(timeout time.Duration) {
	s.mu.Lock()
	s.closing = true
	s.changed.Signal()
	s.mu.Unlock()
	select {
	case <-s.done:
	case <-time.After(timeout):
	}
}

func (s *LogSink) run() {
	defer close(s.done)
	for {
		s.mu.Lock()
		for len(s.lines) == 0 && !s.closing {
			s.changed.Wait()
		}
		if len(s.lines) == 0 {
			s.mu.Unlock()
			return
		}
		line, dropped := s.lines[0], s.dropped
		s.lines[0] = nil
		s.lines, s.dropped = s.lines[1:], 0
		s.mu.Unlock()

		if dropped > 0 {
			_, _ = fmt.Fprintf(s.w, `{"level":"warn","dropped":%d,"message":"lines of the log were left out, as nobody read them"}`+"\n", dropped)
		}
		_, _ = s.w.Write(line) // a log that is gone has nobody to tell

		s.mu.Lock()
		s.bytes -= len(line)
		s.mu.Unlock()
	}
}
