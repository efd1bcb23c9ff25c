package traffic

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"sync"
	"time"
)

// Orders are what a party is told to do.
type Orders struct {
	// URL is asked; "" asks nothing. Echo is the address of an echo; "" opens no
	// stream.
	URL  string `json:"url"`
	Echo string `json:"echo"`
	// Patience is how long a request may take.
	Patience time.Duration `json:"patience"`
}

// Party answers, and asks as it is ordered:
//
//	GET  /who       who answers: [Who]
//	POST /load      begin to ask: [Orders]
//	GET  /account   how it goes: [Account]
//	POST /end       end the load, and how it went: [Account]
//	GET  /scan?host=HOST  the TCP ports that HOST lets this party connect to: [Scan]
//
// Its goroutines are those of the load, which End joins.
type Party struct {
	who    Who
	ending time.Duration // lastWords, less in tests

	mu     sync.Mutex
	book   *book
	cancel context.CancelFunc
	load   *sync.WaitGroup
}

// NewParty makes a party that says it is at where.
func NewParty(where string) *Party {
	host, _ := os.Hostname()
	return &Party{who: Who{Where: where, Host: host, PID: os.Getpid()}, ending: lastWords}
}

// Begin ends the load there is and begins another.
func (p *Party) Begin(o Orders) {
	p.End()
	p.mu.Lock()
	defer p.mu.Unlock()
	ctx, cancel := context.WithCancel(context.Background())
	b := &book{}
	load := &sync.WaitGroup{}
	p.book, p.cancel, p.load = b, cancel, load
	if o.URL != "" {
		for range callers {
			load.Go(func() { ask(ctx, b, o.URL, o.Patience) })
		}
	}
	if o.Echo != "" {
		b.moving, b.at = make([]time.Time, streams), make([]string, streams)
		for n := range streams {
			load.Go(func() { keepStreaming(ctx, b, n, o.Echo, p.ending) })
		}
		load.Go(func() { keepIdle(ctx, b, o.Echo, p.ending) })
	}
}

// Account is how the load goes.
func (p *Party) Account() Account {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.book == nil {
		return Account{}
	}
	return p.book.account()
}

// End ends the load in good order and tells how it went.
func (p *Party) End() Account {
	p.mu.Lock()
	cancel, load := p.cancel, p.load
	p.cancel = nil
	p.mu.Unlock()
	if cancel != nil {
		cancel()
		load.Wait()
	}
	return p.Account()
}

// Handler serves the orders.
func (p *Party) Handler() http.Handler {
	mux := http.NewServeMux()
	answer := func(w http.ResponseWriter, body any) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(body) // a client that has gone needs no answer
	}
	mux.HandleFunc("GET /who", func(w http.ResponseWriter, _ *http.Request) { answer(w, p.who) })
	mux.HandleFunc("POST /load", func(w http.ResponseWriter, r *http.Request) {
		var o Orders
		if err := json.NewDecoder(r.Body).Decode(&o); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		p.Begin(o)
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("GET /account", func(w http.ResponseWriter, _ *http.Request) { answer(w, p.Account()) })
	mux.HandleFunc("POST /end", func(w http.ResponseWriter, _ *http.Request) { answer(w, p.End()) })
	mux.HandleFunc("GET /scan", func(w http.ResponseWriter, r *http.Request) { answer(w, scan(r.Context(), r.URL.Query().Get("host"))) })
	return mux
}

// ServeEcho echoes every connection until the listener is closed, and joins.
func ServeEcho(l net.Listener) {
	var all sync.WaitGroup
	defer all.Wait()
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		all.Go(func() { echo(conn) })
	}
}
