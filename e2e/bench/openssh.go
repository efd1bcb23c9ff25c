package bench

import (
	"archive/tar"
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"io"

	"github.com/tandem-dev/tandem/e2e/harness"
)

// sshd is where Debian has OpenSSH's server, which goes into a pod to be compared
// with.
const sshd = "/usr/sbin/sshd"

// sshdConfig lets one key in, as nobody in particular: a pod has no root here.
const sshdConfig = `Port 2222
HostKey /etc/bench/host
AuthorizedKeysFile /etc/bench/authorized
StrictModes no
UsePAM no
PidFile none
GatewayPorts yes
AllowTcpForwarding yes
MaxStartups 1000
MaxSessions 1000
`

// sshdLayer is OpenSSH's server with what it is linked to, and keys for this run.
// It returns the client's key.
func sshdLayer(t *testing.T) (v1.Layer, []byte) {
	t.Helper()
	dir := t.TempDir()
	key := func(name string) (private, public []byte) {
		path := filepath.Join(dir, name)
		if text, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path).CombinedOutput(); err != nil {
			t.Fatalf("ssh-keygen: %v: %s", err, text)
		}
		private, err1 := os.ReadFile(path)
		public, err2 := os.ReadFile(path + ".pub")
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		return private, public
	}
	host, _ := key("host")
	client, authorized := key("client")

	linked, err := exec.Command("ldd", sshd).Output()
	if err != nil {
		t.Fatalf("ldd %s: %v (scripts/need-tools bench installs OpenSSH's server)", sshd, err)
	}
	var layer bytes.Buffer
	w := tar.NewWriter(&layer)
	add := func(name string, mode int64, content []byte) {
		h := &tar.Header{Typeflag: tar.TypeReg, Name: name[1:], Mode: mode, Size: int64(len(content)), Uid: 65532, Gid: 65532}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	add("/etc/bench/host", 0o600, host)
	add("/etc/bench/authorized", 0o644, authorized)
	add("/etc/bench/config", 0o644, []byte(sshdConfig))
	// OpenSSH lets nobody in whose shell does not exist.
	add("/etc/passwd", 0o644, []byte("root:x:0:0::/:/bin/false\nbench:x:65532:65532::/:/target\n"))
	add("/etc/group", 0o644, []byte("root:x:0:\nbench:x:65532:\n"))
	files := []string{sshd}
	for _, m := range regexp.MustCompile(`(/\S+) \(0x`).FindAllSubmatch(linked, -1) {
		files = append(files, string(m[1]))
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		add(file, 0o755, content)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	l, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(layer.Bytes())), nil })
	if err != nil {
		t.Fatal(err)
	}
	return l, client
}

// openSSH starts an ssh to the pod "ssh" through `kubectl port-forward`, with a
// forward to the far pod, whose URL it returns, and a reverse of the Service "ssh"
// to a port of this machine. It ends with the test.
func (s *stage) openSSH(kubeconfig string, reverse int) (forward string) {
	s.t.Helper()
	through := portForward(s.t, s.ns, kubeconfig, "ssh", 2222, false)
	key := filepath.Join(s.t.TempDir(), "key")
	if err := os.WriteFile(key, s.sshKey, 0o600); err != nil {
		s.t.Fatal(err)
	}
	local := harness.FreePort(s.t)
	_, port, err := net.SplitHostPort(through)
	if err != nil {
		s.t.Fatal(err)
	}
	cmd := exec.Command("ssh", "-F", "none", "-N", "-p", port, "-i", key, "-l", "bench",
		"-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
		"-o", "LogLevel=ERROR", "-o", "ExitOnForwardFailure=yes",
		"-L", fmt.Sprintf("127.0.0.1:%d:far:80", local), "-R", fmt.Sprintf("0.0.0.0:8080:127.0.0.1:%d", reverse), "127.0.0.1")
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		s.t.Fatalf("ssh is needed to compare with: %v", err)
	}
	s.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if s.t.Failed() && said.Len() > 0 {
			s.t.Logf("ssh says: %s", said.String())
		}
	})
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(local))
	for end := time.Now().Add(harness.Patience); ; {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			conn.Close()
			return "http://" + address
		}
		if time.Now().After(end) {
			s.t.Fatalf("ssh does not forward: %v", err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}
