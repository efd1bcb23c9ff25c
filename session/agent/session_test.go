package agent

import (
	"io"
	"os"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
)

// environ reads the subsystem as a client does, to its exit status.
func environ(t *testing.T, c *ssh.Client) string {
	t.Helper()
	s, err := c.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	out, err := s.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.RequestSubsystem(EnvironSubsystem); err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(out)
	if err != nil {
		t.Fatal(err)
	}
	ok, _, err := c.SendRequest(keepaliveRequest, true, nil)
	if err != nil || !ok {
		t.Fatalf("keepalive after environ: %v, %v", ok, err)
	}
	return string(content)
}

func TestEnvironIsExact(t *testing.T) {
	entries := []string{"A=1", "EMPTY=", "LINES=one\ntwo\r\n", "BYTES=\xff\xfe", "a.b=c=d", "no equals sign",
		"BIG=" + strings.Repeat("x", 3<<20)} // more than one window
	r := start(t, func(c *Config) { c.Environ = entries })
	want := strings.Join(entries, "\x00") + "\x00"
	if got := environ(t, r.connect()); got != want {
		t.Fatalf("got %d bytes, want %d, or other bytes", len(got), len(want))
	}
}

func TestEnvironIsOfTheStart(t *testing.T) {
	t.Setenv("TANDEM_TEST_SET_LATER", "1")
	r := start(t, nil)
	got := environ(t, r.connect())
	if strings.Contains(got, "TANDEM_TEST_SET_LATER") {
		t.Error("a variable set after the start of the process is in the environment")
	}
	if want := "PATH=" + os.Getenv("PATH") + "\x00"; !strings.Contains(got, want) {
		t.Errorf("PATH of the start is not in the environment")
	}
}

func TestEnvironEndsWithExitStatusZero(t *testing.T) {
	r := start(t, nil)
	c := r.connect()
	ch, requests, err := c.OpenChannel("session", nil)
	if err != nil {
		t.Fatal(err)
	}
	ok, err := ch.SendRequest("subsystem", true, ssh.Marshal(subsystemRequest{EnvironSubsystem}))
	if err != nil || !ok {
		t.Fatalf("subsystem: %v, %v", ok, err)
	}
	if _, err := io.Copy(io.Discard, ch); err != nil {
		t.Fatal(err)
	}
	var status *exitStatus
	for r := range requests { // ends with the channel
		if r.Type == "exit-status" {
			status = &exitStatus{Status: 99}
			if err := ssh.Unmarshal(r.Payload, status); err != nil {
				t.Fatal(err)
			}
		}
	}
	if status == nil || status.Status != 0 {
		t.Fatalf("exit status %v, want 0", status)
	}
}
