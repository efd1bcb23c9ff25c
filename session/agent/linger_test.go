package agent

import (
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

// An agent that is told to end still relays for a client that is there, and
// ends as soon as the client goes.
func TestLingersForItsClient(t *testing.T) {
	r := start(t, func(c *Config) { c.Linger = 10 * patience })
	client := r.connect()
	server := tcpServer(t, echo)

	ended := make(chan struct{})
	go func() {
		defer close(ended)
		r.stop() // returns when Run does
	}()
	for range 3 {
		conn, err := client.Dial("tcp", server)
		if err != nil {
			t.Fatalf("a forward while the agent lingers: %v", err)
		}
		conn.Close()
	}
	if ok, _, err := client.SendRequest("keepalive@openssh.com", true, nil); err != nil {
		t.Errorf("keepalive: %v, %v", ok, err)
	}
	select {
	case <-ended:
		t.Error("it did not linger")
	default:
	}
	client.Close()
	select {
	case <-ended:
	case <-time.After(patience):
		t.Error("it lingers for nobody")
	}
}

// Without a client there is nobody to linger for; with one it does not stay
// longer than it may.
func TestLingersNoLongerThanItMay(t *testing.T) {
	for name, connect := range map[string]func(*rig) *ssh.Client{
		"nobody there": func(*rig) *ssh.Client { return nil },
		"client stays": func(r *rig) *ssh.Client { return r.connect() },
	} {
		t.Run(name, func(t *testing.T) {
			r := start(t, func(c *Config) {
				c.Linger = 10 * patience
				if name == "client stays" {
					c.Linger = 50 * time.Millisecond
				}
			})
			if client := connect(r); client != nil {
				defer client.Close()
			}
			r.stop() // fails the test if Run does not end within patience
		})
	}
}
