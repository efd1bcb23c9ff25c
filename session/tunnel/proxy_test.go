package tunnel

import (
	"bytes"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// Through a proxy tunnel a program reaches what the pod reaches, and its
// connection ends as the far end's does.
func TestProxyDial(t *testing.T) {
	for _, plane := range []DataPlane{SSH, Direct} {
		t.Run(string(plane), func(t *testing.T) {
			set := NewTunnels(Options{})
			defer set.Close()
			proxy, err := set.AddProxy("127.0.0.1:1080")
			if err != nil {
				t.Fatal(err)
			}
			pod := startPod(t, nil)
			cfg := pod.config()
			cfg.DataPlane = plane
			address := serveTCP(t, echo)

			// The link comes later, as after a sleep.
			type result struct {
				conn net.Conn
				err  error
			}
			early := make(chan result, 1)
			go func() {
				conn, err := proxy.Dial(t.Context(), "tcp", address)
				early <- result{conn, err}
			}()
			link := connect(t, cfg)
			if err := set.Rebind(t.Context(), link); err != nil {
				t.Fatal(err)
			}
			r := <-early
			if r.err != nil {
				t.Fatal(r.err)
			}
			conn := r.conn.(*net.TCPConn)
			defer conn.Close()
			sent := bytes.Repeat([]byte("0123456789"), 100_000)
			go func() { // ends with the connection
				_, _ = conn.Write(sent)
				_ = conn.CloseWrite()
			}()
			got, err := io.ReadAll(conn)
			if err != nil || !bytes.Equal(got, sent) {
				t.Errorf("%d bytes of %d came back, %v", len(got), len(sent), err)
			}

			nobody, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			nobody.Close()
			if _, err := proxy.Dial(t.Context(), "tcp", nobody.Addr().String()); err == nil || !strings.Contains(err.Error(), "refused") {
				t.Errorf("where nobody listens: %v", err)
			}
			for _, nonsense := range []string{"", "host", ":80", "host:0", "host:70000"} {
				if _, err := proxy.Dial(t.Context(), "tcp", nonsense); err == nil {
					t.Errorf("connected to %q", nonsense)
				}
			}
			if _, err := proxy.Dial(t.Context(), "udp", address); err == nil {
				t.Error("connected by UDP")
			}
			if s := set.States()[0]; s.ID != "p1" || s.Connections != 1 || s.Refused != 1 || s.BytesIn != int64(len(sent)) || s.BytesOut != int64(len(sent)) {
				t.Errorf("state %+v", s)
			}

			open, err := proxy.Dial(t.Context(), "tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			defer open.Close()
			if err := proxy.Close(); err != nil {
				t.Error(err)
			}
			if err := open.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
				t.Fatal(err)
			}
			var timeout net.Error
			if _, err := open.Read(make([]byte, 1)); err == nil || errors.As(err, &timeout) && timeout.Timeout() {
				t.Errorf("a connection outlives its tunnel: %v", err)
			}
		})
	}
}
