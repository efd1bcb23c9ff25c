package rpc

import (
	"context"
	"sync"
	"time"
)

// refreshTimeout bounds a client's answer to a refresh.
const refreshTimeout = 10 * time.Second

// refresher asks the client to ask again (workspace/…/refresh): one request at a
// time, and however often it was wanted meanwhile, one more.
type refresher struct {
	s      *Server
	method string

	mu     sync.Mutex
	asking bool
	again  bool
}

// want asks soon. It does not wait.
func (r *refresher) want() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.asking {
		r.again = true
		return
	}
	if r.s.isEnding() {
		return
	}
	r.asking = true
	r.s.background.Go(r.run) // ends with the answers, or the server
}

func (r *refresher) run() {
	for {
		ctx, cancel := context.WithTimeout(r.s.base, refreshTimeout)
		_, err := r.s.conn.Call(ctx, r.method, nil, nil)
		cancel()
		if err != nil {
			r.s.log().Debug().Err(err).Str("method", r.method).Msg("the client did not refresh")
		}
		r.mu.Lock()
		if !r.again || r.s.isEnding() {
			r.asking, r.again = false, false
			r.mu.Unlock()
			return
		}
		r.again = false
		r.mu.Unlock()
	}
}
