package tunnel

import (
	"net"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

// The exit status may come after the end of the output. A client that closes the
// channel in between keeps the agent from sending it, and then called a whole
// environment cut short.
func TestReadSubsystemWaitsForTheStatus(t *testing.T) {
	keys, err := NewKeys()
	if err != nil {
		t.Fatal(err)
	}
	host, err := ssh.ParsePrivateKey(keys.HostPrivatePEM)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	served := make(chan error, 1)
	go func() { served <- serveLateStatus(listener, host) }()

	client, err := ssh.Dial("tcp", listener.Addr().String(), &ssh.ClientConfig{HostKeyCallback: ssh.FixedHostKey(keys.HostPublic)})
	if err != nil {
		t.Fatal(err)
	}
	ch, requests, err := client.OpenChannel("session", nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := readSubsystem(ch, requests, "environ")
	if string(got) != "A=1\x00" || err != nil {
		t.Errorf("read %q, %v", got, err)
	}
	client.Close()
	if err := <-served; err != nil {
		t.Errorf("server: %v", err)
	}
}

// serveLateStatus serves one subsystem of one client: output, its end, and the
// status only then, after a client that does not wait for it has closed.
func serveLateStatus(l net.Listener, host ssh.Signer) error {
	conn, err := l.Accept()
	if err != nil {
		return err
	}
	cfg := &ssh.ServerConfig{NoClientAuth: true}
	cfg.AddHostKey(host)
	server, channels, global, err := ssh.NewServerConn(conn, cfg)
	if err != nil {
		return err
	}
	defer server.Wait() // for the client to go
	go ssh.DiscardRequests(global)
	ch, requests, err := (<-channels).Accept()
	if err != nil {
		return err
	}
	defer ch.Close()
	if err := (<-requests).Reply(true, nil); err != nil {
		return err
	}
	if _, err := ch.Write([]byte("A=1\x00")); err != nil {
		return err
	}
	if err := ch.CloseWrite(); err != nil {
		return err
	}
	select {
	case <-requests: // closed by the client: the status comes too late
	case <-time.After(50 * time.Millisecond):
	}
	_, err = ch.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{0}))
	return err
}
