package load

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// small is the answer whose latency is measured.
const small = "sixteen bytes..\n"

// Handler answers:
//
//	GET  /small      16 bytes
//	GET  /bytes?n=N  N bytes
//	POST /sink       reads the body and answers its size
//	GET  /late       1 MiB, a moment later
//	POST /measure    Measure on behalf of the caller: [Order] → [Result]
//	POST /check      Check on behalf of the caller: [Order] → [Checks]
//	POST /probe?url= begins to ask url all the time
//	GET  /probe      ends that: [Outage]
func Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /small", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, small) })
	mux.HandleFunc("GET /bytes", func(w http.ResponseWriter, r *http.Request) {
		n, err := strconv.ParseInt(r.URL.Query().Get("n"), 10, 64)
		if err != nil || n < 0 {
			http.Error(w, "n is no number", http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Length", strconv.FormatInt(n, 10))
		_ = writeNoise(w, n) // the client sees that something is missing
	})
	mux.HandleFunc("POST /sink", func(w http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		fmt.Fprint(w, n)
	})
	mux.HandleFunc("GET /late", func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(lateAnswer) // the client's end of file should be there first
		w.Header().Set("Content-Length", strconv.Itoa(lateSize))
		_ = writeNoise(w, lateSize)
	})
	mux.HandleFunc("POST /measure", onBehalf(func(ctx context.Context, o Order) (any, error) { return Measure(ctx, o.URL, o.Plan) }))
	mux.HandleFunc("POST /check", onBehalf(func(ctx context.Context, o Order) (any, error) { return Check(ctx, o.URL, o.Held) }))
	var p prober
	mux.HandleFunc("POST /probe", func(w http.ResponseWriter, r *http.Request) {
		p.start(r.URL.Query().Get("url"))
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("GET /probe", func(w http.ResponseWriter, _ *http.Request) { answer(w, p.stop()) })
	return mux
}

// Order is what POST /measure and POST /check are asked with.
type Order struct {
	URL  string `json:"url"`
	Plan Plan   `json:"plan"`
	Held int    `json:"held"`
}

func onBehalf(do func(context.Context, Order) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var o Order
		if err := json.NewDecoder(r.Body).Decode(&o); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		result, err := do(r.Context(), o)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		answer(w, result)
	}
}

func answer(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(body) // the client has gone: nobody is left to tell
}
