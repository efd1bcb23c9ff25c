package mux

import (
	"bytes"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// recorder is a byte stream that keeps what each write brings, and lets none pass
// before it is told to.
type recorder struct {
	mu     sync.Mutex
	writes [][]byte
	pass   chan struct{} // nil: all pass
}

func (r *recorder) Write(p []byte) (int, error) {
	if r.pass != nil {
		<-r.pass
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.writes = append(r.writes, bytes.Clone(p))
	return len(p), nil
}

// kinds are the frames of each write.
func (r *recorder) kinds(t *testing.T) (all []string) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	names := map[kind]string{kindOpen: "open ", kindAnswer: "answer ", kindData: "data ", kindFin: "fin ", kindCredit: "credit "}
	for _, w := range r.writes {
		text := ""
		for len(w) > 0 {
			h, err := parseHeader(w)
			if err != nil {
				t.Fatal(err)
			}
			text += names[h.kind]
			w = w[headerSize+h.length:]
		}
		all = append(all, text)
	}
	return all
}

// inBubble runs a queue in a bubble of its own time.
func inBubble(t *testing.T, r *recorder, test func(t *testing.T, q *queue)) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(r)
		ended := make(chan error)
		go func() { ended <- q.run() }() // ends with close
		test(t, q)
		q.close(net.ErrClosed)
		if err := <-ended; err != net.ErrClosed {
			t.Error(err)
		}
	})
}

func wantWrites(t *testing.T, r *recorder, want ...string) {
	t.Helper()
	got := r.kinds(t)
	if len(got) != len(want) {
		t.Errorf("wrote %q, want %q", got, want)
		return
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("write %d is %q, want %q", i, got[i], want[i])
		}
	}
}

// What nobody waits for rides with the next frame.
func TestLaterRidesAlong(t *testing.T) {
	r := &recorder{}
	inBubble(t, r, func(t *testing.T, q *queue) {
		_ = q.putLater(header{kindOpen, 3, 1}, []byte("x:1"))
		_ = q.putLater(header{kindAnswer, 1, 2}, []byte{statusConnected})
		synctest.Wait()
		wantWrites(t, r)
		_ = q.send(header{kindData, 1, 1}, []byte("d"))
		wantWrites(t, r, "open data answer ")
		time.Sleep(2 * patience)
		wantWrites(t, r, "open data answer ")
	})
}

// Where nothing comes to ride with, it goes by itself.
func TestLaterIsNotNever(t *testing.T) {
	r := &recorder{}
	inBubble(t, r, func(t *testing.T, q *queue) {
		_ = q.putLater(header{kindFin, 0, 1}, nil)
		time.Sleep(patience - 1)
		synctest.Wait()
		wantWrites(t, r)
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		wantWrites(t, r, "fin ")
	})
}

// While one write is under way frames gather, and go together, in their order, by
// the queue's goroutine: who has sent is not kept.
func TestFramesGatherBehindAWrite(t *testing.T) {
	r := &recorder{}
	inBubble(t, r, func(t *testing.T, q *queue) {
		r.pass = make(chan struct{}) // the bubble's own
		first := make(chan error)
		go func() { first <- q.send(header{kindData, 1, 1}, []byte("1")) }()
		synctest.Wait() // in its write
		for range 2 {
			_ = q.send(header{kindData, 1, 3}, []byte("2"))
		}
		_ = q.put(header{kindCredit, 4, 1}, []byte{0, 0, 0, 1})
		_ = q.putLater(header{kindFin, 0, 3}, nil)
		r.pass <- struct{}{}
		if err := <-first; err != nil {
			t.Error(err)
		}
		r.pass <- struct{}{}
		synctest.Wait()
		wantWrites(t, r, "data ", "data data fin credit ")
	})
}

// Who sends waits while too much does, and hears of the end.
func TestSendersWaitForRoom(t *testing.T) {
	r := &recorder{}
	inBubble(t, r, func(t *testing.T, q *queue) {
		r.pass = make(chan struct{}) // the bubble's own
		piece := make([]byte, maxPayload)
		errs := make(chan error)
		for range 5 { // one in its write, two that fill the queue, two that wait
			go func() { errs <- q.send(header{kindData, len(piece), 1}, piece) }()
			synctest.Wait()
		}
		for range 2 {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
		synctest.Wait()
		select {
		case err := <-errs:
			t.Errorf("a third one did not wait: %v", err)
		default:
		}
		q.close(net.ErrClosed)
		r.pass <- struct{}{}
		for range 3 {
			if err := <-errs; err != net.ErrClosed {
				t.Errorf("%v", err)
			}
		}
	})
}
