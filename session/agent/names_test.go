package agent

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// zone is a resolver that counts; what leads nowhere real cannot be had.
type zone struct {
	addresses []netip.Addr
	asked     int
}

func (z *zone) lookup(context.Context, string, string) ([]netip.Addr, error) {
	z.asked++
	if z.addresses == nil {
		return nil, &net.DNSError{Err: "no such host", Name: "api", IsNotFound: true}
	}
	return z.addresses, nil
}

// listenAt answers connections to an address until the test's end or close.
func listenAt(t *testing.T, address string) (port string, close func()) {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	_, port, _ = net.SplitHostPort(l.Addr().String())
	return port, func() { l.Close() }
}

func dialTo(t *testing.T, ns *names, port string) (remote string) {
	t.Helper()
	conn, err := ns.dial(t.Context(), "api", port)
	if err != nil {
		return err.Error()
	}
	defer conn.Close()
	remote, _, _ = net.SplitHostPort(conn.RemoteAddr().String())
	return remote
}

func TestNameIsLookedUpOnce(t *testing.T) {
	port, _ := listenAt(t, "127.0.0.1:0")
	z := &zone{addresses: []netip.Addr{netip.MustParseAddr("127.0.0.1")}}
	ns := newNames()
	ns.lookup = z.lookup
	for range 3 {
		if got := dialTo(t, ns, port); got != "127.0.0.1" {
			t.Fatalf("connected to %s", got)
		}
	}
	if z.asked != 1 {
		t.Errorf("looked up %d times", z.asked)
	}
}

// A Service that was made anew has another address.
func TestNameThatMovedIsLookedUpAgain(t *testing.T) {
	port, stop := listenAt(t, "127.0.0.1:0")
	z := &zone{addresses: []netip.Addr{netip.MustParseAddr("127.0.0.1")}}
	ns := newNames()
	ns.lookup = z.lookup
	dialTo(t, ns, port)
	stop()
	listenAt(t, "127.0.0.2:"+port)
	z.addresses = []netip.Addr{netip.MustParseAddr("127.0.0.2")}
	if got := dialTo(t, ns, port); got != "127.0.0.2" {
		t.Errorf("connected to %s", got)
	}
	if z.asked != 2 {
		t.Errorf("looked up %d times", z.asked)
	}
}

// What does not connect is not remembered, and the resolver's words arrive.
func TestNameThatIsNotThere(t *testing.T) {
	z := &zone{}
	ns := newNames()
	ns.lookup = z.lookup
	for range 2 {
		if got := dialTo(t, ns, "1"); got != "lookup api: no such host" {
			t.Errorf("got %q", got)
		}
	}
	if z.asked != 2 {
		t.Errorf("looked up %d times", z.asked)
	}
}

// Several addresses take turns, and one that does not answer is passed over.
func TestAddressesOfANameTakeTurns(t *testing.T) {
	port, _ := listenAt(t, "127.0.0.2:0")
	listenAt(t, "127.0.0.3:"+port)
	z := &zone{}
	for _, a := range []string{"127.0.0.1", "127.0.0.2", "127.0.0.3"} {
		z.addresses = append(z.addresses, netip.MustParseAddr(a))
	}
	ns := newNames()
	ns.lookup = z.lookup
	var got []string
	for range 4 {
		got = append(got, dialTo(t, ns, port))
	}
	if want := []string{"127.0.0.2", "127.0.0.2", "127.0.0.3", "127.0.0.2"}; !slices.Equal(got, want) {
		t.Errorf("connected to %v, want %v", got, want)
	}
	if z.asked != 1 {
		t.Errorf("looked up %d times", z.asked)
	}
}

func TestNamesAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ns := newNames()
		ns.remember("api", []netip.Addr{netip.MustParseAddr("10.0.0.1")})
		time.Sleep(nameLife)
		if ns.recall("api") == nil {
			t.Error("forgotten too early")
		}
		time.Sleep(time.Nanosecond)
		if ns.recall("api") != nil {
			t.Error("believed for too long")
		}
		for i := range 2 * maxNames {
			ns.remember(fmt.Sprint(i), []netip.Addr{netip.MustParseAddr("10.0.0.1")})
		}
		if len(ns.known) > maxNames {
			t.Errorf("%d names are remembered", len(ns.known))
		}
	})
}
