package cluster

import (
	"crypto/ed25519"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

// What docs/security.md promises of the agent, asked of one in a real pod through a
// real port-forward: it lets nobody in but the session's key, binds no port that the
// manifest does not declare, and does nothing beyond tunnels.
func TestAgentInAPodKeepsItsPromises(t *testing.T) {
	l := newLab(t, "restricted")
	l.deployment("app", nil)
	l.awaitAvailable("app", 2)
	c := l.connect()
	w, err := c.Find(t.Context(), Target{Name: "app"})
	if err != nil {
		t.Fatal(err)
	}
	keys, config := l.agentKeys()
	d, err := c.Divert(t.Context(), w, l.spec(keys, 8080))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	pod, err := c.AwaitRunning(t.Context(), d, nil)
	if err != nil {
		t.Fatal(err)
	}

	signer := func() ssh.Signer {
		t.Helper()
		_, key, err := ed25519.GenerateKey(nil)
		if err != nil {
			t.Fatal(err)
		}
		s, err := ssh.NewSignerFromKey(key)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	host, err := ssh.ParsePrivateKey(keys.Host)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		auth []ssh.AuthMethod
	}{
		{"another key", []ssh.AuthMethod{ssh.PublicKeys(signer())}},
		{"a dozen other keys", []ssh.AuthMethod{ssh.PublicKeys(signer(), signer(), signer(), signer(), signer(), signer(), signer(), signer(), signer(), signer(), signer(), signer())}},
		// Who may read Secrets in the namespace has this one.
		{"the agent's own host key", []ssh.AuthMethod{ssh.PublicKeys(host)}},
		{"a password", []ssh.AuthMethod{ssh.Password("tandem")}},
		{"answers to questions", []ssh.AuthMethod{ssh.KeyboardInteractive(func(_, _ string, questions []string, _ []bool) ([]string, error) {
			return make([]string, len(questions)), nil
		})}},
		{"nothing", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			conn := l.dialAgent(c, pod, d.Port)
			defer conn.Close()
			other := *config
			other.Auth = test.auth
			if link, _, _, err := ssh.NewClientConn(conn, "dev", &other); err == nil {
				link.Close()
				t.Fatal("the agent lets it in")
			} else if !strings.Contains(err.Error(), "unable to authenticate") && !strings.Contains(err.Error(), "too many") && !strings.Contains(err.Error(), "EOF") && !strings.Contains(err.Error(), "disconnect") {
				t.Errorf("refused for another reason: %v", err)
			}
		})
	}

	// The session's own key is let in: what follows is refused for what it asks.
	client := l.sshOver(l.dialAgent(c, pod, d.Port), config)
	declared, err := client.Listen("tcp", "0.0.0.0:8080")
	if err != nil {
		t.Errorf("the declared reverse: %v", err)
	} else {
		declared.Close()
	}
	if listener, err := client.Listen("tcp", net.JoinHostPort("0.0.0.0", strconv.Itoa(d.Port))); err == nil {
		listener.Close()
		t.Error("the agent gives its own port away")
	}
	if listener, err := client.ListenUnix("/tmp/socket"); err == nil {
		listener.Close()
		t.Error("the agent listens on a Unix socket")
	}
	if conn, err := client.Dial("unix", "/var/run/secrets"); err == nil {
		conn.Close()
		t.Error("the agent dials a Unix socket")
	}
	for _, request := range []struct {
		name    string
		payload any
	}{
		{"exec", struct{ Command string }{"/bin/sh"}},
		{"shell", nil},
		{"pty-req", struct {
			Term                string
			Columns, Rows, X, Y uint32
			Modes               string
		}{"xterm", 80, 24, 0, 0, ""}},
		{"subsystem", struct{ Name string }{"sftp"}},
		{"auth-agent-req@openssh.com", nil},
		{"x11-req", nil},
		{"env", struct{ Name, Value string }{"LD_PRELOAD", "/tmp/x.so"}},
	} {
		channel, requests, err := client.OpenChannel("session", nil)
		if err != nil {
			continue // refused as a whole
		}
		go ssh.DiscardRequests(requests) // ends with the channel
		var payload []byte
		if request.payload != nil {
			payload = ssh.Marshal(request.payload)
		}
		if ok, err := channel.SendRequest(request.name, true, payload); err == nil && ok {
			t.Errorf("the agent agrees to %q", request.name)
		}
		channel.Close()
	}
}

// dialAgent dials until the agent listens, which is a moment after its container runs.
func (l *lab) dialAgent(c *Cluster, pod Pod, port int) *agentConn {
	l.Helper()
	var failure error
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		raw, err := c.Dial(l.Context(), pod.Namespace, pod.Name, port)
		if err != nil {
			failure = err
			continue
		}
		// The port-forward is there before what it leads to: the server's greeting
		// tells.
		greeting := make([]byte, 4)
		_ = raw.SetReadDeadline(time.Now().Add(5 * time.Second))
		n, err := raw.Read(greeting)
		if err != nil {
			failure = err
			raw.Close()
			continue
		}
		_ = raw.SetReadDeadline(time.Time{})
		return &agentConn{Conn: raw, read: greeting[:n]}
	}
	l.Fatalf("the agent does not answer: %v", failure)
	return nil
}

// agentConn gives back what was read of the greeting.
type agentConn struct {
	net.Conn
	read []byte
}

func (a *agentConn) Read(p []byte) (int, error) {
	if len(a.read) > 0 {
		n := copy(p, a.read)
		a.read = a.read[n:]
		return n, nil
	}
	return a.Conn.Read(p)
}
