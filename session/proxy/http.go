package proxy

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"sync"
	"time"
)

// httpServer answers CONNECT with a tunnel and requests for whole URLs by making
// them in the cluster.
func (p *Proxy) httpServer() *http.Server {
	quiet := log.New(io.Discard, "", 0) // what concerns the user is in the answers
	transport := &http.Transport{
		DialContext: func(ctx context.Context, _, address string) (net.Conn, error) {
			conn, err := p.dial(ctx, address)
			if err != nil {
				return nil, err
			}
			return conn, nil
		},
		DisableCompression: true, // the client's affair
		IdleConnTimeout:    30 * time.Second,
		MaxIdleConns:       32,
	}
	plain := &httputil.ReverseProxy{
		Transport: transport, FlushInterval: -1, ErrorLog: quiet,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.Host = r.In.Host
			for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"} {
				if values, has := r.In.Header[name]; has { // the client's own, which Rewrite takes away
					r.Out.Header[name] = values
				}
			}
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) { badGateway(w, err) },
	}
	server := &http.Server{ReadHeaderTimeout: greetingTimeout, IdleTimeout: 2 * time.Minute, ErrorLog: quiet}
	server.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.running.Add(1) // while that of the connection runs
		defer p.running.Done()
		switch {
		case r.Method == http.MethodConnect:
			p.connect(w, r)
		case r.URL.IsAbs():
			plain.ServeHTTP(w, r)
		default:
			http.Error(w, "this is Tandem's proxy into the cluster: ask it for a whole URL, or set HTTP_PROXY", http.StatusBadRequest)
		}
	})
	return server
}

func badGateway(w http.ResponseWriter, err error) { http.Error(w, err.Error(), http.StatusBadGateway) }

// connect makes a tunnel of the client's connection (RFC 9110, section 9.3.6).
func (p *Proxy) connect(w http.ResponseWriter, r *http.Request) {
	// Not the request's context: that ends with the client's direction.
	far, err := p.dial(p.ctx, r.Host)
	if err != nil {
		badGateway(w, err)
		return
	}
	defer far.Close()
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		badGateway(w, err)
		return
	}
	near := conn.(*tracked) // as the queue gave it
	defer near.Close()
	if _, err := io.WriteString(near, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		return
	}
	var both sync.WaitGroup
	carry := func(to *tracked, from io.Reader) {
		if _, err := io.Copy(to, from); err != nil {
			near.Close()
			far.Close()
			return
		}
		_ = to.CloseWrite() // its failure shows in the other direction
	}
	both.Go(func() { carry(near, far) })
	ahead := io.LimitReader(buffered.Reader, int64(buffered.Reader.Buffered())) // sent before our answer
	carry(far, io.MultiReader(ahead, near))
	both.Wait()
}
