package tunnel

import (
	"net"
	"testing"
)

func TestListening(t *testing.T) {
	for _, test := range []struct{ listen, ask string }{
		{"127.0.0.1:0", "localhost"}, {"[::1]:0", "localhost"}, {":0", "localhost"}, {"0.0.0.0:0", "127.0.0.1"}, {"127.0.0.1:0", "127.0.0.1"},
	} {
		l, err := net.Listen("tcp", test.listen)
		if err != nil {
			t.Fatal(err)
		}
		_, port, _ := net.SplitHostPort(l.Addr().String())
		at := net.JoinHostPort(test.ask, port)
		if listens, known := Listening(at); !listens || !known {
			t.Errorf("%s, listened on as %s: %v, %v", at, test.listen, listens, known)
		}
		// A connection is no listener.
		conn, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		l.Close()
		if listens, known := Listening(at); listens || !known {
			t.Errorf("%s, closed: %v, %v", at, listens, known)
		}
		conn.Close()
	}
	for _, address := range []string{"example.org:80", "80", "localhost:http"} {
		if _, known := Listening(address); known {
			t.Errorf("%s is known", address)
		}
	}
}
