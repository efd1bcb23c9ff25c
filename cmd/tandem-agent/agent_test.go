package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

// maxSize keeps the start of a dev container fast: the agent is pulled and
// copied before it runs.
const maxSize = 8 << 20

// buildAgent builds the program as it is released, for an architecture.
func buildAgent(t *testing.T, arch string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "tandem-agent")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w -X main.version=v9.9.9", "-o", out, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+arch)
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building for %s: %v\n%s", arch, err, output)
	}
	return out
}

func TestReleasedProgramIsSmall(t *testing.T) {
	for _, arch := range []string{"amd64", "arm64"} {
		info, err := os.Stat(buildAgent(t, arch))
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("linux/%s: %d bytes", arch, info.Size())
		if info.Size() > maxSize {
			t.Errorf("linux/%s: %d bytes, more than %d", arch, info.Size(), maxSize)
		}
	}
}

func TestLifeInAPod(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the agent serves on Linux only")
	}
	built := buildAgent(t, runtime.GOARCH)
	dir := t.TempDir()
	agent := filepath.Join(dir, "agent")
	// The init container, twice, as after a restart of the pod's sandbox.
	for range 2 {
		if out, err := exec.Command(built, "install", agent).CombinedOutput(); err != nil {
			t.Fatalf("install: %v: %s", err, out)
		}
	}
	if info, err := os.Stat(agent); err != nil || info.Mode().Perm() != 0o755 {
		t.Fatalf("installed with %v, %v", info.Mode(), err)
	}
	if out, err := exec.Command(agent, "version").Output(); err != nil || string(out) != "v9.9.9\n" {
		t.Fatalf("version: %q, %v", out, err)
	}
	leftovers, err := filepath.Glob(filepath.Join(dir, ".tandem-agent-*"))
	if err != nil || len(leftovers) > 0 {
		t.Fatalf("install left %v, %v", leftovers, err)
	}

	host, hostPEM := newKey(t)
	client, _ := newKey(t)
	writeFile(t, filepath.Join(dir, hostKeyFile), hostPEM)
	writeFile(t, filepath.Join(dir, authorizedKeyFile), ssh.MarshalAuthorizedKey(client.PublicKey()))
	listen, reverse := freePort(t), freePort(t)
	address := fmt.Sprintf("127.0.0.1:%d", listen)

	// A probe may come before the server, and blocks until the reverse is bound.
	probe := exec.Command(agent, "ready", "-listen", address, "-wait", "20s")
	if err := probe.Start(); err != nil {
		t.Fatal(err)
	}
	serve := exec.Command(agent, "serve", "-listen", address, "-keys", dir, "-reverse-ports", fmt.Sprint(reverse))
	serve.Env = []string{"TOKEN=never in the log"}
	var log bytes.Buffer
	serve.Stderr = &log
	if err := serve.Start(); err != nil {
		t.Fatal(err)
	}
	if err := exec.Command(agent, "ready", "-listen", address, "-wait", "200ms").Run(); err == nil {
		t.Error("ready before the reverse was bound")
	}
	c, err := ssh.Dial("tcp", address, &ssh.ClientConfig{User: "dev", Auth: []ssh.AuthMethod{ssh.PublicKeys(client)},
		HostKeyCallback: ssh.FixedHostKey(host.PublicKey()), Timeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Listen("tcp", fmt.Sprintf("0.0.0.0:%d", reverse)); err != nil {
		t.Fatal(err)
	}
	if err := probe.Wait(); err != nil {
		t.Errorf("the probe failed: %v", err)
	}
	if err := serve.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := serve.Wait(); err != nil {
		t.Errorf("SIGTERM ended it with %v", err)
	}
	if strings.Contains(log.String(), "never in the log") || !strings.Contains(log.String(), "stopped") {
		t.Errorf("the log:\n%s", log.String())
	}
}

func TestInstallIntoADirectory(t *testing.T) {
	dir := t.TempDir()
	var stderr bytes.Buffer
	if code := run(t.Context(), []string{"install", dir}, nil, &stderr); code != exitOK {
		t.Fatalf("code %d: %s", code, stderr.String())
	}
	if _, err := os.Stat(filepath.Join(dir, "tandem-agent")); err != nil {
		t.Fatal(err)
	}
	missing := filepath.Join(dir, "none", "agent")
	if code := run(t.Context(), []string{"install", missing}, nil, &stderr); code != exitFailed {
		t.Fatalf("into a missing directory: code %d", code)
	}
}

func TestCommandLine(t *testing.T) {
	tests := []struct {
		args []string
		code int
		want string
	}{
		{nil, exitUsage, "usage:"},
		{[]string{"dance"}, exitUsage, `unknown verb "dance"`},
		{[]string{"help"}, exitOK, "usage:"},
		{[]string{"version"}, exitOK, "devel"},
		{[]string{"install"}, exitUsage, "takes 1 argument"},
		{[]string{"serve", "-reverse-ports", "80,x"}, exitUsage, `"x" is not a TCP port`},
		{[]string{"serve", "-reverse-ports", "0"}, exitUsage, `"0" is not a TCP port`},
		{[]string{"serve", "-h"}, exitOK, "-reverse-ports"},
		{[]string{"serve", "-keys", "/nonexistent"}, exitFailed, "/nonexistent/host_key"},
		{[]string{"serve", "-listen", "nonsense"}, exitFailed, `listen address "nonsense"`},
		{[]string{"ready", "extra"}, exitUsage, "takes 0 argument"},
		{[]string{"ready", "-listen", "127.0.0.1:1", "-wait", "1ms"}, exitFailed, ""},
	}
	for _, tt := range tests {
		t.Run(strings.Join(tt.args, " "), func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			var out bytes.Buffer
			if code := run(ctx, tt.args, &out, &out); code != tt.code || !strings.Contains(out.String(), tt.want) {
				t.Fatalf("code %d, want %d with %q; output:\n%s", code, tt.code, tt.want, out.String())
			}
		})
	}
}

func newKey(t *testing.T) (ssh.Signer, []byte) {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	return signer, pem.EncodeToMemory(block)
}

func writeFile(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func freePort(t *testing.T) int {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().(*net.TCPAddr).Port
}
