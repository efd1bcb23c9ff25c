//go:build unix

package agent

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh/knownhosts"
)

// openSSH prepares the command of the OpenSSH client, the other implementation
// there is, with the rig's keys pinned.
func openSSH(t *testing.T, r *rig, args ...string) *exec.Cmd {
	t.Helper()
	program, err := exec.LookPath("ssh")
	if err != nil {
		t.Skip("no OpenSSH client on this machine")
	}
	dir := t.TempDir()
	key, known := filepath.Join(dir, "key"), filepath.Join(dir, "known_hosts")
	write(t, key, r.client.privatePEM)
	write(t, known, []byte(knownhosts.Line([]string{r.address}, r.host.signer.PublicKey())+"\n"))
	host, port, err := net.SplitHostPort(r.address)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return exec.CommandContext(ctx, program, append([]string{"-F", "none", "-p", port, "-i", key,
		"-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes", "-o", "UserKnownHostsFile=" + known,
		"-o", "ExitOnForwardFailure=yes", "-o", "ServerAliveInterval=1", "-l", "dev"}, append(args, host)...)...)
}

// background starts an ssh without a session and ends it with the test.
func background(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	var output bytes.Buffer
	cmd.Stderr = &output
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("ssh said: %s", output.String())
		}
	})
}

func TestOpenSSHStdioForward(t *testing.T) {
	r := start(t, nil)
	cmd := openSSH(t, r, "-W", tcpServer(t, echo))
	message := strings.Repeat("through OpenSSH\n", 1<<16)
	cmd.Stdin = strings.NewReader(message)
	got, err := cmd.Output()
	if err != nil || string(got) != message {
		t.Fatalf("%d of %d bytes, %v", len(got), len(message), err)
	}
}

func TestOpenSSHForward(t *testing.T) {
	r := start(t, nil)
	port := freePort(t)
	background(t, openSSH(t, r, "-N", "-L", fmt.Sprintf("127.0.0.1:%d:%s", port, tcpServer(t, echo))))
	echoThrough(t, loopback(port))
}

func TestOpenSSHReverse(t *testing.T) {
	port := freePort(t)
	r := start(t, func(c *Config) { c.ReversePorts = []int{port} })
	background(t, openSSH(t, r, "-N", "-R", fmt.Sprintf("0.0.0.0:%d:%s", port, tcpServer(t, echo))))
	echoThrough(t, loopback(port))
}

// echoThrough sends a message once the address accepts, ends it, and expects it
// back with the end of file.
func echoThrough(t *testing.T, address string) {
	t.Helper()
	var conn net.Conn
	eventually(t, address+" accepts", func() (ok bool) {
		c, err := net.Dial("tcp", address)
		conn = c
		return err == nil
	})
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(conn, "there and back"); err != nil {
		t.Fatal(err)
	}
	_ = conn.(*net.TCPConn).CloseWrite()
	if got, err := io.ReadAll(conn); string(got) != "there and back" || err != nil {
		t.Fatalf("%q, %v", got, err)
	}
}

func TestOpenSSHRefusals(t *testing.T) {
	r := start(t, func(c *Config) { c.ReversePorts = []int{8080} })
	t.Run("taken port", func(t *testing.T) {
		taken, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer taken.Close()
		out, err := openSSH(t, r, "-N", "-R", fmt.Sprintf("%d:localhost:1", taken.Addr().(*net.TCPAddr).Port)).CombinedOutput()
		if err == nil || !bytes.Contains(out, []byte("remote port forwarding failed")) {
			t.Fatalf("%v: %s", err, out)
		}
	})
	t.Run("another key", func(t *testing.T) {
		other := *r
		other.client = newKey(t)
		out, err := openSSH(t, &other, "-N").CombinedOutput()
		if err == nil || !bytes.Contains(out, []byte("Permission denied (publickey)")) {
			t.Fatalf("%v: %s", err, out)
		}
	})
}

func TestOpenSSHEnviron(t *testing.T) {
	r := start(t, func(c *Config) { c.Environ = []string{"A=1", "B=two\nlines"} })
	cmd := openSSH(t, r, "-s")
	cmd.Args = append(cmd.Args, EnvironSubsystem)
	got, err := cmd.Output() // an error is an exit status other than 0
	if err != nil || string(got) != "A=1\x00B=two\nlines\x00" {
		t.Fatalf("%q, %v", got, err)
	}
}
