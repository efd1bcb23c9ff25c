package tunnel

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/tandem-dev/tandem/internal/fault"
)

// sshConn is one SSH connection of a link: "control" or "data".
type sshConn struct {
	ssh.Conn
	name     string
	out      *outbox
	channels <-chan ssh.NewChannel
	requests <-chan *ssh.Request
}

// hostKeyError says that something other than this session's agent answered.
type hostKeyError struct{ got, want ssh.PublicKey }

func (e *hostKeyError) Error() string {
	return fmt.Sprintf("the host key offered is %s, the session's is %s",
		ssh.FingerprintSHA256(e.got), ssh.FingerprintSHA256(e.want))
}

// clientConfig is what both connections of a link agree on with the agent.
func clientConfig(cfg Config) *ssh.ClientConfig {
	want := cfg.Keys.HostPublic
	return &ssh.ClientConfig{
		Config: ssh.Config{
			// Three times as fast as ChaCha20 wherever the processor knows AES.
			Ciphers: []string{ssh.CipherAES128GCM, ssh.CipherAES256GCM, ssh.CipherChaCha20Poly1305},
		},
		User: cfg.User,
		Auth: []ssh.AuthMethod{ssh.PublicKeys(cfg.Keys.ClientSigner)},
		HostKeyCallback: func(_ string, _ net.Addr, got ssh.PublicKey) error {
			if string(got.Marshal()) != string(want.Marshal()) {
				return &hostKeyError{got: got, want: want}
			}
			return nil
		},
		HostKeyAlgorithms: []string{want.Type()},
		ClientVersion:     "SSH-2.0-tandem",
	}
}

// dialSSH dials and shakes hands. The time limit and the cancellation of ctx
// work by closing the connection, because a stream of a Kubernetes port-forward
// may know no deadlines.
func dialSSH(ctx context.Context, cfg Config, name string) (*sshConn, error) {
	shake, cancel := context.WithTimeout(ctx, cfg.HandshakeTimeout)
	defer cancel()
	below, err := cfg.Dial(shake)
	if err != nil {
		return nil, dialFailure(ctx, err, cfg, name)
	}
	out := newOutbox(below)
	stop := context.AfterFunc(shake, func() { out.Close() })
	conn, channels, requests, err := ssh.NewClientConn(out, "agent", clientConfig(cfg))
	if err == nil && !stop() {
		// Cancelled between the last message and here.
		conn.Close()
		err = context.Cause(shake)
		go ssh.DiscardRequests(requests) // ends with the closed connection, as the next line does
		for range channels {
		}
	}
	if err != nil {
		stop()
		out.Close()
		out.join()
		return nil, handshakeFailure(ctx, shake, err, cfg, name)
	}
	return &sshConn{Conn: conn, name: name, out: out, channels: channels, requests: requests}, nil
}

func dialFailure(ctx context.Context, err error, cfg Config, name string) error {
	var known *fault.Error
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("dialling the agent: %w", ctx.Err())
	case errors.As(err, &known):
		return err // the dialer has explained itself better than we can
	case errors.Is(err, context.DeadlineExceeded):
		return fault.Wrap(err, fault.LinkFailed, "no %s connection to the agent within %s", name, cfg.HandshakeTimeout).
			Hint("the way to the pod is slow or blocked: is the VPN up?")
	}
	return fault.Wrap(err, fault.LinkFailed, "dialling the agent for the %s connection", name)
}

func handshakeFailure(ctx, shake context.Context, err error, cfg Config, name string) error {
	var wrongKey *hostKeyError
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("shaking hands with the agent: %w", ctx.Err())
	case shake.Err() != nil:
		return fault.New(fault.LinkFailed, "the agent did not finish the SSH handshake of the %s connection within %s", name, cfg.HandshakeTimeout).
			Hint("the way to the pod is slow or blocked: is the VPN up?")
	case errors.As(err, &wrongKey):
		f := fault.Wrap(wrongKey, fault.LinkFailed, "refusing the agent of the dev container").
			Hint("something else answers on the agent's port, or the pod belongs to an older session: stop the session and start it again")
		f.Retryable = false
		return f
	// The library has no error type for a refused client key, only this text.
	case strings.Contains(err.Error(), "unable to authenticate"):
		f := fault.Wrap(err, fault.LinkFailed, "the agent refuses this session's client key").
			Hint("the pod belongs to an older session: stop the session and start it again")
		f.Retryable = false
		return f
	}
	return fault.Wrap(err, fault.LinkFailed, "shaking hands with the agent on the %s connection", name)
}

// defaultHandshakeTimeout covers a cold path through an API server far away.
const defaultHandshakeTimeout = 15 * time.Second
