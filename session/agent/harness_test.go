package agent

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/crypto/ssh"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds what must happen soon; a test that runs into it has failed.
const patience = 20 * time.Second

// testKey is one ed25519 key in the forms the tests need.
type testKey struct {
	signer     ssh.Signer
	privatePEM []byte
	authorized []byte
}

func newKey(t testing.TB) testKey {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return testKey{signer, pem.EncodeToMemory(block), ssh.MarshalAuthorizedKey(signer.PublicKey())}
}

// rig is an agent that runs, and the keys to reach it.
type rig struct {
	t            testing.TB
	address      string
	socket       string // of readiness
	host, client testKey
	stop         func() // ends the agent and waits for Run
}

var socketNumber atomic.Int64

// start runs an agent on real sockets, with keys in files as in a pod, and ends
// it with the test. adjust may be nil.
func start(t testing.TB, adjust func(*Config)) *rig {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, address: ln.Addr().String(), host: newKey(t), client: newKey(t),
		socket: fmt.Sprintf("@tandem-agent-test-%d-%d", os.Getpid(), socketNumber.Add(1))}
	dir := t.TempDir()
	cfg := Config{
		Listener:          ln,
		HostKeyFile:       filepath.Join(dir, "host_key"),
		AuthorizedKeyFile: filepath.Join(dir, "authorized_key"),
		Logf:              t.Logf,
	}
	if runtime.GOOS == "linux" {
		cfg.ReadySocket = r.socket
	}
	write(t, cfg.HostKeyFile, r.host.privatePEM)
	write(t, cfg.AuthorizedKeyFile, r.client.authorized)
	if adjust != nil {
		adjust(&cfg)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- Run(ctx, cfg) }()
	var stopped bool
	r.stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("Run: %v", err)
			}
		case <-time.After(patience):
			t.Error("Run did not end with its context")
		}
	}
	t.Cleanup(func() { r.stop() })
	return r
}

func write(t testing.TB, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func (r *rig) config(key testKey) *ssh.ClientConfig {
	return &ssh.ClientConfig{
		User:            "whoever",
		Auth:            []ssh.AuthMethod{ssh.PublicKeys(key.signer)},
		HostKeyCallback: ssh.FixedHostKey(r.host.signer.PublicKey()),
		Timeout:         patience,
	}
}

// connect opens a link that ends with the test.
func (r *rig) connect() *ssh.Client {
	r.t.Helper()
	c, err := ssh.Dial("tcp", r.address, r.config(r.client))
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { c.Close() })
	return c
}

// tcpServer serves every connection on the loopback with handle, and ends with
// the test.
func tcpServer(t testing.TB, handle func(*net.TCPConn)) (address string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	var open int
	ended := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			open++
			go func() {
				defer func() { ended <- struct{}{} }()
				defer c.Close()
				handle(c.(*net.TCPConn))
			}()
		}
	}()
	t.Cleanup(func() {
		ln.Close()
		<-done
		for range open {
			select {
			case <-ended:
			case <-time.After(patience):
				t.Error("a test server's connection does not end")
				return
			}
		}
	})
	return ln.Addr().String()
}

// echo sends back what it reads, and the end of file after it.
func echo(c *net.TCPConn) {
	_, _ = io.Copy(c, c)
	_ = c.CloseWrite()
}

// freePort is a port that nobody listens on.
func freePort(t testing.TB) int {
	t.Helper()
	ln, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().(*net.TCPAddr).Port
}

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// dialTCP connects as a peer in the pod would.
func dialTCP(t testing.TB, address string) *net.TCPConn {
	t.Helper()
	c, err := net.DialTimeout("tcp", address, patience)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(patience))
	return c.(*net.TCPConn)
}

// requestForward asks for a reverse in the words of the wire.
func requestForward(t testing.TB, c *ssh.Client, address string, port int) (ok bool, reply string) {
	t.Helper()
	ok, payload, err := c.SendRequest("tcpip-forward", true, ssh.Marshal(forwardRequest{address, uint32(port)}))
	if err != nil {
		t.Fatal(err)
	}
	return ok, string(payload)
}

// eventually waits for what another process or the kernel brings about.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("never came true: %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// isReset says that a TCP connection ended with RST rather than end of file.
func isReset(err error) bool {
	return err != nil && !errors.Is(err, io.EOF) && errors.Is(err, errReset)
}
