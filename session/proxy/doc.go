// Package proxy lets programs on this machine reach every address of the
// cluster by the name that it has there, without a forward for each: one
// loopback port that speaks SOCKS5, HTTP CONNECT and plain HTTP proxying.
//
//	p, err := proxy.Start(ctx, proxy.Config{Listeners: listeners, Dial: way.Dial})
//	cmd.Env = append(cmd.Env, p.Environ()...)   // ALL_PROXY, HTTP_PROXY, ...
//	defer p.Close()
//
// Names are resolved in the pod, so a client must hand them on unresolved:
// socks5h:// in curl's notation, which is what Environ says, and what HTTP
// proxies do anyway.
//
// # One port, two protocols
//
// The first byte tells them apart: a SOCKS5 greeting begins with 5 (RFC 1928),
// an HTTP request with a letter. SOCKS5 is spoken by tailscale.com/net/socks5,
// which tailscaled uses for the same purpose; HTTP by net/http and
// httputil.ReverseProxy. What is ours is the end of a connection: an end of file
// in one direction leaves the other open, as through a forward.
//
// # Who can use it
//
// Whoever can connect to this machine's loopback, as with `kubectl
// port-forward`. It goes nowhere that the pod cannot go.
//
// # Goroutines
//
//	goroutine                  owner   ends
//	accept, per listener       Proxy   Close
//	a connection (up to 5)     Proxy   its client, its target, or Close, which waits for all
//	net/http's server          Proxy   Close
package proxy
