package tunnel

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/tandem-dev/tandem/internal/fault"
)

func hasIPv6Loopback() bool {
	l, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		return false
	}
	l.Close()
	return true
}

func TestForwardLocalhostIsBothFamilies(t *testing.T) {
	link := connect(t, startPod(t, nil).config())
	tun, err := link.OpenForward(t.Context(), ForwardSpec{Listen: "localhost:0", Remote: serveTCP(t, echo)})
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(tun.State().Local)
	if port == "0" {
		t.Fatalf("the picked port is not reported: %+v", tun.State())
	}
	hosts := []string{"127.0.0.1"}
	if hasIPv6Loopback() {
		hosts = append(hosts, "::1")
	}
	for _, host := range hosts {
		if err := roundTrip(net.JoinHostPort(host, port), "hello"); err != nil {
			t.Errorf("over %s: %v", host, err)
		}
	}
	if err := tun.Close(); err != nil {
		t.Fatal(err)
	}
	for _, host := range hosts {
		if c, err := net.Dial("tcp", net.JoinHostPort(host, port)); err == nil {
			c.Close()
			t.Errorf("%s still accepts after Close", host)
		}
	}
}

func TestForwardPortInUse(t *testing.T) {
	link := connect(t, startPod(t, nil).config())
	taken := serveTCP(t, echo)
	_, port, _ := net.SplitHostPort(taken)
	for _, host := range []string{"127.0.0.1", "localhost", "0.0.0.0"} {
		_, err := link.OpenForward(t.Context(), ForwardSpec{Listen: net.JoinHostPort(host, port), Remote: "db:5432"})
		if !errors.Is(err, fault.PortInUse) || !strings.Contains(err.Error(), port) || fault.HintOf(err) == "" {
			t.Errorf("%s: error %v, want one that names port %s", host, err, port)
		}
	}
	if states := link.Tunnels().States(); len(states) != 0 {
		t.Errorf("a tunnel that could not be opened is kept: %+v", states)
	}
}

func TestForwardSpecs(t *testing.T) {
	link := connect(t, startPod(t, nil).config())
	for _, spec := range []ForwardSpec{
		{Listen: "localhost:0", Remote: "db"},
		{Listen: "localhost:0", Remote: ":5432"},
		{Listen: "localhost:0", Remote: "db:0"},
		{Listen: "localhost:0", Remote: "db:http"},
		{Listen: "localhost", Remote: "db:5432"},
		{Listen: "localhost:70000", Remote: "db:5432"},
	} {
		if _, err := link.OpenForward(t.Context(), spec); !errors.Is(err, fault.InvalidParams) {
			t.Errorf("%+v: error %v", spec, err)
		}
	}
	for _, spec := range []ReverseSpec{
		{Remote: "0.0.0.0:0", Local: "localhost:80"},
		{Remote: "8080", Local: "localhost:80"},
		{Remote: "0.0.0.0:8080", Local: ":80"},
		{Remote: "0.0.0.0:8080", Local: "localhost:0"},
	} {
		if _, err := link.OpenReverse(t.Context(), spec); !errors.Is(err, fault.InvalidParams) {
			t.Errorf("%+v: error %v", spec, err)
		}
	}
}

// firstRead is how a connection to address fails; where the reset is quick the
// connect itself reports it.
func firstRead(address string) error {
	c, err := net.DialTimeout("tcp", address, 10*time.Second)
	if err != nil {
		return err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(time.Minute))
	_, err = c.Read(make([]byte, 1))
	return err
}

func TestForwardRemoteRefuses(t *testing.T) {
	link := connect(t, startPod(t, nil).config())
	target := freePort(t)
	tun, address := openForward(t, link, target)
	if err := firstRead(address); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the client meets %v, want a reset", err)
	}
	eventually(t, "the refusal is noted", func() bool { return tun.State().Refused == 1 })
	s := tun.State()
	if s.Status != StatusOpen || s.Err == nil || !strings.Contains(s.Err.Error(), "connecting to "+target) || !strings.Contains(s.Err.Error(), "refused") {
		t.Errorf("state %+v", s)
	}
	// The service comes up: the tunnel works and the error is history.
	l, err := net.Listen("tcp", target)
	if err != nil {
		t.Skip("the port was taken meanwhile")
	}
	defer l.Close()
	go func() {
		if c, err := l.Accept(); err == nil {
			echo(c.(*net.TCPConn))
			c.Close()
		}
	}()
	if err := roundTrip(address, "back again"); err != nil {
		t.Fatal(err)
	}
	if s := tun.State(); s.Err != nil || s.Connections != 1 {
		t.Errorf("state %+v", s)
	}
}

func TestReverseBindFailure(t *testing.T) {
	link := connect(t, startPod(t, nil).config())
	taken := serveTCP(t, echo)
	_, port, _ := net.SplitHostPort(taken)
	_, err := link.OpenReverse(t.Context(), ReverseSpec{Remote: taken, Local: "localhost:80"})
	if !errors.Is(err, fault.ReverseBindFailed) || !strings.Contains(err.Error(), "port "+port) || !strings.Contains(err.Error(), "in use") {
		t.Errorf("error %v, want one that names port %s and the reason", err, port)
	}
	if states := link.Tunnels().States(); len(states) != 0 {
		t.Errorf("a tunnel that could not be opened is kept: %+v", states)
	}
	// The same port twice is a mistake of ours, found before the agent is asked.
	_, remote := openReverse(t, link, taken)
	if _, err := link.OpenReverse(t.Context(), ReverseSpec{Remote: remote, Local: taken}); !errors.Is(err, fault.ReverseBindFailed) {
		t.Errorf("twice the same port: %v", err)
	}
}

func TestReverseNothingListens(t *testing.T) {
	link := connect(t, startPod(t, nil).config())
	local := freePort(t)
	_, port, _ := net.SplitHostPort(local)
	tun, remote := openReverse(t, link, "localhost:"+port)
	start := time.Now()
	if err := firstRead(remote); err == nil {
		t.Error("read from nobody")
	}
	if d := time.Since(start); d > 5*time.Second {
		t.Errorf("the caller waited %v", d)
	}
	eventually(t, "the refusal is noted", func() bool { return tun.State().Refused == 1 })
	if s := tun.State(); s.Status != StatusOpen || s.Err == nil || s.Err.Error() != "nothing listens on localhost:"+port {
		t.Errorf("state %+v", s)
	}
}

func TestReverseFindsTheOtherFamily(t *testing.T) {
	if !hasIPv6Loopback() {
		t.Skip("no IPv6 loopback on this machine")
	}
	l, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		if c, err := l.Accept(); err == nil {
			echo(c.(*net.TCPConn))
			c.Close()
		}
	}()
	link := connect(t, startPod(t, nil).config())
	_, remote := openReverse(t, link, "localhost:"+strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
	if err := roundTrip(remote, "over six"); err != nil {
		t.Error(err)
	}
}

func TestReverseCloseFreesThePort(t *testing.T) {
	link := connect(t, startPod(t, nil).config())
	target := serveTCP(t, echo)
	tun, remote := openReverse(t, link, target)
	held := dialTCP(t, remote)
	fmt.Fprint(held, "x")
	if _, err := io.ReadFull(held, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	tun.Close()
	if _, err := held.Read(make([]byte, 1)); err == nil {
		t.Error("a connection outlived its tunnel")
	}
	if c, err := net.Dial("tcp", remote); err == nil {
		c.Close()
		t.Error("the pod still listens")
	}
	again, err := link.OpenReverse(t.Context(), ReverseSpec{Remote: remote, Local: target})
	if err != nil {
		t.Fatal(err)
	}
	if again.State().ID == tun.State().ID {
		t.Error("an ID was used twice")
	}
}

// Listeners outlive the link; the next one carries what waited for it.
func TestRebind(t *testing.T) {
	var changes atomic.Int32
	set := NewTunnels(Options{OnChange: func() { changes.Add(1) }})
	t.Cleanup(func() { set.Close() })
	target := serveTCP(t, echo)
	forward, err := set.OpenForward(t.Context(), ForwardSpec{Listen: "localhost:0", Remote: target})
	if err != nil {
		t.Fatal(err)
	}
	if s := forward.State(); s.Status != StatusWaiting {
		t.Errorf("without a link: %+v", s)
	}
	local := forward.State().Local
	early := make(chan error, 1)
	go func() { early <- roundTrip(local, "before there is a link") }()

	first := connect(t, startPod(t, nil).config())
	if err := set.Rebind(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	if err := <-early; err != nil {
		t.Errorf("the connection that waited: %v", err)
	}
	remote := freePort(t)
	reverse, err := set.OpenReverse(t.Context(), ReverseSpec{Remote: remote, Local: target})
	if err != nil {
		t.Fatal(err)
	}
	if err := roundTrip(remote, "first pod"); err != nil {
		t.Error(err)
	}

	first.Close()
	if f, r := forward.State().Status, reverse.State().Status; f != StatusWaiting || r != StatusWaiting {
		t.Errorf("while the link is lost: forward %s, reverse %s", f, r)
	}
	waiting := make(chan error, 1)
	go func() { waiting <- roundTrip(local, "between two links") }()

	second := connect(t, startPod(t, nil).config())
	eventually(t, "the second pod has the port", func() bool { return set.Rebind(t.Context(), second) == nil })
	if err := <-waiting; err != nil {
		t.Errorf("the connection that waited: %v", err)
	}
	for _, address := range []string{local, remote} {
		if err := roundTrip(address, "second pod"); err != nil {
			t.Errorf("%s: %v", address, err)
		}
	}
	for _, s := range set.States() {
		if s.Status != StatusOpen || s.Err != nil {
			t.Errorf("after the rebind: %+v", s)
		}
	}
	if s := forward.State(); s.Local != local || s.Connections < 3 {
		t.Errorf("the forward did not stay: %+v", s)
	}
	eventually(t, "changes were told", func() bool { return changes.Load() > 0 })
	set.Close()
	if _, err := set.OpenForward(t.Context(), ForwardSpec{Listen: "localhost:0", Remote: target}); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	if second.Err() != nil {
		t.Errorf("closing the set ended the link: %v", second.Err())
	}
}

func TestRebindTellsWhatFailed(t *testing.T) {
	set := NewTunnels(Options{Hold: -1})
	t.Cleanup(func() { set.Close() })
	first := connect(t, startPod(t, nil).config())
	if err := set.Rebind(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	remote := freePort(t)
	reverse, err := set.OpenReverse(t.Context(), ReverseSpec{Remote: remote, Local: "localhost:80"})
	if err != nil {
		t.Fatal(err)
	}
	// Both agents share one network here, so the second finds the port taken as
	// long as the first link lives.
	second := connect(t, startPod(t, nil).config())
	if err := set.Rebind(t.Context(), second); !errors.Is(err, fault.ReverseBindFailed) {
		t.Errorf("error %v", err)
	}
	if s := reverse.State(); s.Status != StatusFailed || !errors.Is(s.Err, fault.ReverseBindFailed) {
		t.Errorf("state %+v", s)
	}
	first.Close()
	eventually(t, "the port is free for the second", func() bool { return set.Rebind(t.Context(), second) == nil })
	if s := reverse.State(); s.Status != StatusOpen {
		t.Errorf("state %+v", s)
	}
}
