package rpc

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/tandem-dev/tandem/session"
)

// A sink before a pipe that nobody reads takes everything at once; whoever
// reads later gets the first lines in order, and learns how many are missing.
func TestLogSinkNeverWaits(t *testing.T) {
	r, w := io.Pipe()
	s := NewLogSink(w)
	const lines = 3000
	text := strings.Repeat("x", 1000)
	for i := range lines {
		if n, err := fmt.Fprintf(s, "%d %s\n", i, text); n < 1000 || err != nil {
			t.Fatalf("line %d: %d, %v", i, n, err)
		}
	}
	go func() {
		s.Close(patience)
		w.Close()
	}()
	got, dropped := 0, 0 // dropped in two parts, where some lines were before the sink began to write
	scan := bufio.NewScanner(r)
	for scan.Scan() {
		if line := scan.Text(); strings.HasPrefix(line, "{") {
			var more int
			if _, err := fmt.Sscanf(line, `{"level":"warn","dropped":%d,`, &more); err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			dropped += more
			continue
		}
		if !strings.HasPrefix(scan.Text(), fmt.Sprintf("%d ", got)) {
			t.Fatalf("line %d is %.20s", got, scan.Text())
		}
		got++
	}
	if got == 0 || dropped == 0 || got+dropped != lines {
		t.Errorf("%d lines written, %d dropped, of %d", got, dropped, lines)
	}
}

func TestLogSinkClosesBeforeABlockedWrite(t *testing.T) {
	r, w := io.Pipe()
	s := NewLogSink(w)
	_, _ = s.Write([]byte("line\n"))
	began := time.Now()
	s.Close(10 * time.Millisecond)
	if waited := time.Since(began); waited > patience/2 {
		t.Errorf("Close waited for %s", waited)
	}
	r.Close() // lets the write go, and with it the goroutine
	<-s.done
	if n, err := s.Write([]byte("late")); n != 4 || err != nil {
		t.Errorf("a late line: %d, %v", n, err)
	}
}

// TestUnreadLogBlocksNobody: an editor that never reads standard error. The log
// is a pipe of the system that is full; sessions, calls and the end go on.
func TestUnreadLogBlocksNobody(t *testing.T) {
	unread, full, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	defer unread.Close() // ends the write that is blocked
	f := &fake{}
	p := serve(t, f, func(s *Server) { s.logTo(full) })
	p.initialize(`{"initializationOptions":{"logLevel":"trace"}}`)
	line := strings.Repeat("l", 1<<10)
	for range 4 * logBacklog / len(line) {
		f.setup.Logger.Debug().Msg(line)
	}
	f.observer().SessionChanged(session.Snapshot{ID: "shop/api", Seq: 1})
	if m := p.until("session/didChange"); m.Method == "" {
		t.Error("no change")
	}
	p.call(1, "session/list", "{}")
	if m := p.answer(1); m.Error != nil {
		t.Errorf("%+v", m)
	}
	p.call(2, "shutdown", "null")
	p.answer(2)
	p.notify("exit", "null")
	if e := p.end(); e.code != 0 {
		t.Errorf("ended with %d, %v", e.code, e.err)
	}
}
