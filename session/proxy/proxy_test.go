package proxy_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	netproxy "golang.org/x/net/proxy"

	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/session/proxy"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// cluster stands for the pod's view: names that this machine does not know, and
// where they really are. Connections are real.
type cluster struct {
	mu    sync.Mutex
	names map[string]string
	asked []string
}

func (c *cluster) dial(ctx context.Context, network, address string) (net.Conn, error) {
	c.mu.Lock()
	c.asked = append(c.asked, network+" "+address)
	real, known := c.names[address]
	c.mu.Unlock()
	if !known {
		return nil, errors.New("no such host")
	}
	var d net.Dialer
	return d.DialContext(ctx, network, real)
}

// start makes a proxy into a cluster with one TCP service, "echo.shop:7", which
// answers only after its client has ended: what was sent, in upper case.
func start(t *testing.T) (*proxy.Proxy, *cluster) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var served sync.WaitGroup
	served.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			served.Go(func() {
				defer conn.Close()
				all, err := io.ReadAll(conn)
				if err == nil {
					_, _ = io.WriteString(conn, strings.ToUpper(string(all)))
				}
			})
		}
	})
	c := &cluster{names: map[string]string{"echo.shop:7": ln.Addr().String()}}
	p, err := proxy.Start(t.Context(), proxy.Config{Listeners: listen(t, "127.0.0.1:0"), Dial: c.dial})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		ln.Close()
		served.Wait()
	})
	return p, c
}

// variable is one of Environ's.
func variable(t *testing.T, p *proxy.Proxy, name string) *url.URL {
	t.Helper()
	for _, entry := range p.Environ() {
		if value, ok := strings.CutPrefix(entry, name+"="); ok {
			u, err := url.Parse(value)
			if err != nil {
				t.Fatal(err)
			}
			return u
		}
	}
	t.Fatalf("no %s in %v", name, p.Environ())
	return nil
}

func socks(t *testing.T, p *proxy.Proxy) netproxy.Dialer {
	t.Helper()
	d, err := netproxy.FromURL(variable(t, p, "ALL_PROXY"), netproxy.Direct)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// exchange sends a text, ends its direction, and reads the answer to its end.
func exchange(conn net.Conn, text string) (string, error) {
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return "", err
	}
	if _, err := io.WriteString(conn, text); err != nil {
		return "", err
	}
	if err := conn.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
		return "", err
	}
	all, err := io.ReadAll(conn)
	return string(all), err
}

func TestSOCKS(t *testing.T) {
	p, c := start(t)
	conn, err := net.Dial("tcp", p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	// By hand, because the library's client hides CloseWrite.
	name := "echo.shop"
	request := append([]byte{5, 1, 0, 3, byte(len(name))}, name...)
	if _, err := conn.Write([]byte{5, 1, 0}); err != nil {
		t.Fatal(err)
	}
	reply := make([]byte, 2)
	if _, err := io.ReadFull(conn, reply); err != nil || string(reply) != "\x05\x00" {
		t.Fatalf("greeting answered with %v, %v", reply, err)
	}
	if _, err := conn.Write(append(request, 0, 7)); err != nil {
		t.Fatal(err)
	}
	reply = make([]byte, 10)
	if _, err := io.ReadFull(conn, reply); err != nil || reply[1] != 0 {
		t.Fatalf("request answered with %v, %v", reply, err)
	}
	long := strings.Repeat("half ", 100_000)
	if got, err := exchange(conn, long); err != nil || got != strings.ToUpper(long) {
		t.Errorf("%d bytes came back of %d, %v", len(got), len(long), err)
	}
	if c.asked[0] != "tcp echo.shop:7" {
		t.Errorf("asked for %q: the name must be resolved in the cluster", c.asked[0])
	}
}

// A client that asks for datagrams hears at once that there are none.
func TestSOCKSRefusesDatagrams(t *testing.T) {
	p, c := start(t)
	for _, greeting := range []string{"\x05\x01\x00", "\x05\x02\x00\x02"} {
		conn, err := net.Dial("tcp", p.Addr())
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
		if _, err := io.WriteString(conn, greeting); err != nil {
			t.Fatal(err)
		}
		method := make([]byte, 2)
		if _, err := io.ReadFull(conn, method); err != nil || string(method) != "\x05\x00" {
			t.Fatalf("%x, %v", method, err)
		}
		if _, err := io.WriteString(conn, "\x05\x03\x00\x01\x00\x00\x00\x00\x00\x00"); err != nil {
			t.Fatal(err)
		}
		reply := make([]byte, 10)
		if _, err := io.ReadFull(conn, reply); err != nil || string(reply[:2]) != "\x05\x07" {
			t.Errorf("%x, %v; want \"command not supported\"", reply, err)
		}
		if n, err := conn.Read(reply); n > 0 || err == nil {
			t.Errorf("and then %x, %v", reply[:n], err)
		}
		conn.Close()
	}
	if len(c.asked) > 0 {
		t.Errorf("the cluster was asked for %q", c.asked)
	}
}

func TestSOCKSOfALibrary(t *testing.T) {
	p, _ := start(t)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "served ", r.Host) }))
	defer web.Close()
	p2, c2 := start(t)
	c2.names["web.shop.svc.cluster.local:80"] = web.Listener.Addr().String()
	client := http.Client{Transport: &http.Transport{DialContext: socks(t, p2).(netproxy.ContextDialer).DialContext, DisableKeepAlives: true}}
	if got := get(t, &client, "http://web.shop.svc.cluster.local/"); got != "served web.shop.svc.cluster.local" {
		t.Errorf("got %q", got)
	}
	if _, err := socks(t, p).Dial("tcp", "nowhere:1"); err == nil {
		t.Error("an address that the cluster does not know was reached")
	}
}

func get(t *testing.T, client *http.Client, url string) string {
	t.Helper()
	response, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestHTTP(t *testing.T) {
	p, c := start(t)
	seen := make(chan http.Header, 1)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen <- r.Header
		fmt.Fprint(w, "served ", r.Host)
	}))
	defer web.Close()
	c.names["web:80"] = web.Listener.Addr().String()
	client := http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(variable(t, p, "HTTP_PROXY")), DisableKeepAlives: true}}
	if got := get(t, &client, "http://web/"); got != "served web" {
		t.Errorf("got %q", got)
	}
	if h := <-seen; h.Get("X-Forwarded-For") != "" || h.Get("Proxy-Connection") != "" {
		t.Errorf("the proxy shows in the request: %v", h)
	}

	response, err := client.Get("http://nowhere/")
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(response.Body)
	response.Body.Close()
	if want := "connecting to nowhere:80 in the cluster: no such host\n"; response.StatusCode != http.StatusBadGateway || string(body) != want || err != nil {
		t.Errorf("status %d, %q, %v; want %q", response.StatusCode, body, err, want)
	}

	response, err = http.Get("http://" + p.Addr() + "/")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusBadRequest {
		t.Errorf("a browser that was pointed at the proxy gets %d", response.StatusCode)
	}
	http.DefaultClient.CloseIdleConnections()
}

func TestConnect(t *testing.T) {
	p, c := start(t)
	web := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "secret of ", r.Host) }))
	defer web.Close()
	c.names["vault.shop:443"] = web.Listener.Addr().String()
	client := http.Client{Transport: &http.Transport{
		Proxy: http.ProxyURL(variable(t, p, "HTTPS_PROXY")), DisableKeepAlives: true,
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, // the certificate is for example.com
	}}
	if got := get(t, &client, "https://vault.shop/"); got != "secret of vault.shop" {
		t.Errorf("got %q", got)
	}

	// What the client sends ahead of the answer arrives, and each direction ends
	// on its own.
	conn, err := net.Dial("tcp", p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, "CONNECT echo.shop:7 HTTP/1.1\r\nHost: echo.shop:7\r\n\r\nahead "); err != nil {
		t.Fatal(err)
	}
	got, err := exchange(conn, "and after")
	status, rest, _ := strings.Cut(got, "\r\n\r\n")
	if !strings.HasPrefix(status, "HTTP/1.1 200 ") || rest != "AHEAD AND AFTER" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}

// A client that upgrades a plain request (WebSocket through HTTP_PROXY).
func TestUpgrade(t *testing.T) {
	p, c := start(t)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: shout\r\n\r\n")
		line, err := buffered.ReadString('\n')
		if err == nil {
			_, _ = io.WriteString(conn, strings.ToUpper(line))
		}
	}))
	defer web.Close()
	c.names["web:80"] = web.Listener.Addr().String()
	conn, err := net.Dial("tcp", p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "GET http://web/ HTTP/1.1\r\nHost: web\r\nConnection: Upgrade\r\nUpgrade: shout\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	read := bufio.NewReader(conn)
	response, err := http.ReadResponse(read, nil)
	if err != nil || response.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("%+v, %v", response, err)
	}
	if _, err := io.WriteString(conn, "hello\n"); err != nil {
		t.Fatal(err)
	}
	if line, err := read.ReadString('\n'); line != "HELLO\n" || err != nil {
		t.Errorf("got %q, %v", line, err)
	}
}

// Close ends what is under way, at once and without a trace.
func TestClose(t *testing.T) {
	p, _ := start(t)
	through, err := socks(t, p).Dial("tcp", "echo.shop:7")
	if err != nil {
		t.Fatal(err)
	}
	silent, err := net.Dial("tcp", p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	for _, conn := range []net.Conn{through, silent} {
		if n, err := conn.Read(make([]byte, 1)); err == nil {
			t.Errorf("%d bytes after Close", n)
		}
		conn.Close()
	}
	if _, err := net.Dial("tcp", p.Addr()); err == nil {
		t.Error("the proxy still listens")
	}
}

// listen binds the addresses.
func listen(t *testing.T, addresses ...string) []net.Listener {
	t.Helper()
	var all []net.Listener
	for _, address := range addresses {
		l, err := net.Listen("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, l)
	}
	return all
}

// A proxy that others could reach is none, nor is one that nobody can.
func TestStartRefuses(t *testing.T) {
	for _, addresses := range [][]string{nil, {"0.0.0.0:0"}, {"127.0.0.1:0", "0.0.0.0:0"}} {
		listeners := listen(t, addresses...)
		if _, err := proxy.Start(t.Context(), proxy.Config{Listeners: listeners}); fault.KindOf(err) != fault.InvalidParams {
			t.Errorf("%v: %v", addresses, err)
		}
		for _, l := range listeners {
			l.Close()
		}
	}
}
