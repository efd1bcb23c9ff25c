package tunnel

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/ssh"

	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/session/agent"
)

func TestKeysSurviveTheirEncoding(t *testing.T) {
	keys, err := NewKeys()
	if err != nil {
		t.Fatal(err)
	}
	again, err := LoadKeys(keys.HostPrivatePEM, keys.ClientPrivatePEM)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := again.String(), keys.String(); got != want {
		t.Errorf("loaded %s, want %s", got, want)
	}
	if keys.HostPublic.Type() != ssh.KeyAlgoED25519 || keys.ClientSigner.PublicKey().Type() != ssh.KeyAlgoED25519 {
		t.Errorf("not ed25519: %s", keys)
	}
	authorized, _, _, rest, err := ssh.ParseAuthorizedKey(keys.ClientAuthorized)
	if err != nil || len(rest) != 0 || string(authorized.Marshal()) != string(keys.ClientSigner.PublicKey().Marshal()) {
		t.Errorf("authorized_keys line %q: %v", keys.ClientAuthorized, err)
	}
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		if text := fmt.Sprintf(format, keys); strings.Contains(text, "PRIVATE") || !strings.Contains(text, "SHA256:") {
			t.Errorf("%s prints %s", format, text)
		}
	}
}

func TestConnectRefusesTheWrongKey(t *testing.T) {
	p := startPod(t, nil)
	other, err := NewKeys()
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, want string
		change     func(*Keys)
	}{
		{"host", "the host key offered is " + ssh.FingerprintSHA256(p.keys.HostPublic), func(k *Keys) { k.HostPublic = other.HostPublic }},
		{"client", "refuses this session's client key", func(k *Keys) { k.ClientSigner = other.ClientSigner }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg := p.config()
			tt.change(&cfg.Keys)
			link, err := Connect(t.Context(), cfg)
			if err == nil {
				link.Close()
				t.Fatal("connected")
			}
			var f *fault.Error
			if !errors.As(err, &f) || f.Kind != fault.LinkFailed || f.Retryable || f.NextStep == "" || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %q (%+v), want one with %q that cannot be retried", err, f, tt.want)
			}
		})
	}
}

// silent accepts connections and never says a word; it knows no deadlines.
func silent(t *testing.T) Dialer {
	address := serveTCP(t, func(c *net.TCPConn) { io.Copy(io.Discard, c) })
	return func(ctx context.Context) (net.Conn, error) {
		var d net.Dialer
		c, err := d.DialContext(ctx, "tcp", address)
		if err != nil {
			return nil, err
		}
		return noDeadlines{c}, nil
	}
}

type noDeadlines struct{ net.Conn }

func (noDeadlines) SetDeadline(time.Time) error      { return errors.New("no deadlines here") }
func (noDeadlines) SetReadDeadline(time.Time) error  { return errors.New("no deadlines here") }
func (noDeadlines) SetWriteDeadline(time.Time) error { return errors.New("no deadlines here") }

func TestConnectHandshake(t *testing.T) {
	keys, err := NewKeys()
	if err != nil {
		t.Fatal(err)
	}
	t.Run("cancelled", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(30*time.Millisecond, cancel)
		_, err := Connect(ctx, Config{Dial: silent(t), Keys: keys})
		if fault.KindOf(err) != fault.Cancelled {
			t.Errorf("error %v, want a cancellation", err)
		}
	})
	t.Run("too slow", func(t *testing.T) {
		_, err := Connect(t.Context(), Config{Dial: silent(t), Keys: keys, HandshakeTimeout: 30 * time.Millisecond})
		if !errors.Is(err, fault.LinkFailed) || !strings.Contains(err.Error(), "within 30ms") {
			t.Errorf("error %v, want a handshake timeout", err)
		}
	})
	t.Run("one connection fails, the other hangs", func(t *testing.T) {
		hang := silent(t)
		refused := fault.New(fault.PodGone, "the pod is gone")
		var calls atomic.Int32
		_, err := Connect(t.Context(), Config{Keys: keys, Dial: func(ctx context.Context) (net.Conn, error) {
			if calls.Add(1) == 1 {
				return hang(ctx)
			}
			return nil, refused
		}})
		if !errors.Is(err, fault.PodGone) {
			t.Errorf("error %v, want the dialer's own", err)
		}
	})
}

func TestEnviron(t *testing.T) {
	want := []string{
		"PLAIN=1",
		"EMPTY=",
		"LINES=a\nb\r\nc\n",
		"BYTES=\xff\xfe\x01\x7f",
		"EQUALS=a=b==",
		"UNICODE=grüße 🚲",
		"DUP=1", "DUP=2",
		"NO_EQUALS_SIGN",
		"LONG=" + strings.Repeat("x", 3<<20),
	}
	link := connect(t, startPod(t, func(c *agent.Config) { c.Environ = want }).config())
	for range 3 { // it can be asked again
		got, err := link.Environ(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := link.Environ(ctx); err != nil && fault.KindOf(err) != fault.Cancelled {
		t.Errorf("cancelled: %v", err)
	}
	link.Close()
	if _, err := link.Environ(t.Context()); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

func FuzzSplitEnviron(f *testing.F) {
	f.Add([]byte("A=1\x00B=\n\x00"))
	f.Add([]byte("A=1"))
	f.Add([]byte("\x00\x00"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		entries := splitEnviron(raw)
		if slices.Contains(entries, "") {
			t.Fatal("an empty entry")
		}
		joined := strings.Join(entries, "\x00")
		if again := splitEnviron([]byte(joined + "\x00")); !slices.Equal(again, entries) {
			t.Fatalf("%q split again is %q", entries, again)
		}
	})
}

// tarpit lets bytes through until it is closed off; then everything is
// swallowed and nothing fails, as on a network that has gone.
type tarpit struct {
	net.Conn
	dark *atomic.Bool
}

func (c *tarpit) Write(p []byte) (int, error) {
	if c.dark.Load() {
		return len(p), nil
	}
	return c.Conn.Write(p)
}

func TestBlackHoleIsNoticed(t *testing.T) {
	var dark atomic.Bool
	cfg := startPod(t, nil).config()
	dial := cfg.Dial
	cfg.Dial = func(ctx context.Context) (net.Conn, error) {
		c, err := dial(ctx)
		return &tarpit{Conn: c, dark: &dark}, err
	}
	cfg.Keepalive = Keepalive{Interval: 100 * time.Millisecond, DeadAfter: 400 * time.Millisecond}
	link := connect(t, cfg)
	_, address := openForward(t, link, serveTCP(t, echo))
	held := dialTCP(t, address)
	if err := roundTrip(address, "alive"); err != nil {
		t.Fatal(err)
	}
	select {
	case <-link.Done():
		t.Fatalf("lost a living link: %v", link.Err())
	case <-time.After(600 * time.Millisecond):
	}
	dark.Store(true)
	start := time.Now()
	<-link.Done()
	// Scheduling on a busy machine may add to the limit, never a whole interval more.
	if took := time.Since(start); took > 800*time.Millisecond {
		t.Errorf("noticed after %v", took)
	}
	if err := link.Err(); !errors.Is(err, fault.LinkFailed) || !strings.Contains(err.Error(), "has not answered") {
		t.Errorf("error %v", err)
	}
	if _, err := held.Read(make([]byte, 1)); err == nil || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a connection of a lost link reads %v, want a reset", err)
	}
	if _, err := link.Ping(t.Context()); !errors.Is(err, fault.LinkFailed) {
		t.Errorf("ping: %v", err)
	}
}

func TestAgentGoes(t *testing.T) {
	var last atomic.Pointer[net.Conn]
	cfg := startPod(t, nil).config()
	dial := cfg.Dial
	cfg.Dial = func(ctx context.Context) (net.Conn, error) {
		c, err := dial(ctx)
		last.Store(&c)
		return c, err
	}
	link := connect(t, cfg)
	if _, err := link.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := link.Err(); err != nil {
		t.Fatalf("a living link has the error %v", err)
	}
	(*last.Load()).Close()
	<-link.Done()
	if !errors.Is(link.Err(), fault.LinkFailed) {
		t.Errorf("error %v", link.Err())
	}
}

func TestCloseEndsEverything(t *testing.T) {
	eachWay(t, func(t *testing.T, r route) {
		link := r.link(t)
		tun, address := r.open(t, link, serveTCP(t, echo))
		conns := make([]*net.TCPConn, 20)
		for i := range conns {
			conns[i] = dialTCP(t, address)
			fmt.Fprint(conns[i], "x")
			if _, err := conns[i].Read(make([]byte, 1)); err != nil {
				t.Fatal(err)
			}
		}
		link.Close()
		link.Close()
		if link.Err() != ErrClosed || tun.State().Status != StatusClosed || tun.State().Active != 0 {
			t.Errorf("after Close: %v, %+v", link.Err(), tun.State())
		}
		for i, c := range conns {
			if _, err := c.Read(make([]byte, 1)); err == nil {
				t.Errorf("connection %d is still open", i)
			}
		}
		eventually(t, "the port is free again", func() bool {
			c, err := net.Dial("tcp", address)
			if err == nil {
				c.Close()
			}
			return err != nil
		})
	})
}

// A second implementation as judge, where the machine has it.
func TestKeysAreReadByOpenSSH(t *testing.T) {
	keygen, err := exec.LookPath("ssh-keygen")
	if err != nil {
		t.Skip("no ssh-keygen on this machine")
	}
	keys, err := NewKeys()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(keygen, "-l", "-f", "-")
	cmd.Stdin = strings.NewReader(string(keys.ClientAuthorized))
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), ssh.FingerprintSHA256(keys.ClientSigner.PublicKey())) {
		t.Errorf("ssh-keygen: %s, %v", out, err)
	}
}
