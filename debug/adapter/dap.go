package adapter

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"sync"

	"github.com/go-delve/delve/pkg/logflags"
	"github.com/go-delve/delve/service"
	"github.com/go-delve/delve/service/dap"
	"github.com/go-delve/delve/service/debugger"
	wire "github.com/google/go-dap"

	"github.com/tandem-dev/tandem/debug"
	"github.com/tandem-dev/tandem/internal/fault"
)

// dap serves one client with Delve.
func (w *work) dap(ctx context.Context) error {
	if err := quiet(); err != nil {
		return err
	}
	l, err := listen()
	if err != nil {
		return err
	}
	gone := make(chan struct{})
	server := dap.NewServer(&service.Config{
		Listener:       &oneClient{Listener: l, wrap: w.checked},
		DisconnectChan: gone,
		// On Linux Delve asks the kernel whose connection it is.
		CheckLocalConnUser: true,
		Debugger:           debugger.Config{CheckGoVersion: true},
	})
	defer server.Stop()
	server.Run()
	if err := w.hello(l.Addr().(*net.TCPAddr).Port); err != nil {
		return nil // the parent is gone
	}
	select {
	case <-gone:
	case <-ctx.Done():
	}
	return nil
}

// quiet keeps Delve from printing where it listens.
func quiet() error {
	if err := logflags.Setup(false, "", os.DevNull); err != nil {
		return fault.Wrap(err, fault.DebugFailed, "setting up Delve's log")
	}
	return nil
}

// unoptimizeC has the C of a program compiled as its Go is, without optimisations, as
// cmd/dlv does when it starts. What the user has asked of the C compiler stays. With
// the same flags as dlv the builds of both are in the build cache for each other:
// otherwise the first session would compile net, and every package above it, again.
func unoptimizeC() error {
	const name = "CGO_CFLAGS"
	if os.Getenv(name) != "" {
		return nil
	}
	if err := os.Setenv(name, "-O0 -g"); err != nil {
		return fault.Wrap(err, fault.DebugFailed, "setting %s for the build", name)
	}
	return nil
}

func listen() (net.Listener, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fault.Wrap(err, fault.DebugFailed, "listening on 127.0.0.1 for a debugger's client")
	}
	return l, nil
}

// oneClient is a listener that closes after the first client, so that a second
// one is refused instead of waiting for ever.
type oneClient struct {
	net.Listener
	wrap func(net.Conn) net.Conn
	once sync.Once
}

func (l *oneClient) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.once.Do(func() { _ = l.Listener.Close() })
	return l.wrap(conn), nil
}

// Close may come after Accept has closed.
func (l *oneClient) Close() error {
	var err error
	l.once.Do(func() { err = l.Listener.Close() })
	return err
}

// checkedConn is a client's connection whose launch request is looked at.
type checkedConn struct {
	net.Conn
	requests *debug.Requests
}

func (c *checkedConn) Read(p []byte) (int, error) { return c.requests.Read(p) }

func (w *work) checked(conn net.Conn) net.Conn {
	return &checkedConn{Conn: conn, requests: debug.NewRequests(conn, func(r *debug.ClientRequest) error {
		err := w.allow(r)
		if err != nil {
			refuse(conn, r, err)
		}
		return err
	})}
}

// allow checks the secret of a launch or attach request and completes it.
func (w *work) allow(r *debug.ClientRequest) error {
	given := r.Text(debug.SecretArgument)
	delete(r.Arguments, debug.SecretArgument)
	if s := w.job.Secret; s != "" && subtle.ConstantTimeCompare([]byte(s), []byte(given)) == 0 {
		return fault.New(fault.PermissionDenied, "the %s request does not have this debug session's %s", r.Command, debug.SecretArgument).
			Hint("pass on the whole configuration that debug/start answered")
	}
	if r.Command == "launch" {
		return w.complete(r)
	}
	return nil
}

// complete adds what a launch request leaves open.
func (w *work) complete(r *debug.ClientRequest) error {
	own := r.Text("program") != "" // the client's program, so the rest is the client's as well
	for name, value := range w.job.Defaults {
		if _, has := r.Arguments[name]; has || own && (name == "args" || name == "mode" || name == "buildFlags") {
			continue
		}
		if err := r.Set(name, value); err != nil {
			return err
		}
	}
	mode := r.Text("mode")
	built := mode == "" || mode == "debug" || mode == "test" || mode == "auto"
	if built {
		if err := unoptimizeC(); err != nil {
			return err
		}
	}
	if mode == "auto" { // a word of VS Code's
		if err := r.Set("mode", "debug"); err != nil {
			return err
		}
	}
	if built && r.Text("output") == "" && w.job.Scratch != "" {
		if err := r.Set("output", filepath.Join(w.job.Scratch, "program")); err != nil {
			return err
		}
	}
	// The go command must run inside the module of the program.
	if dir := moduleDir(r.Text("program")); built && dir != "" && r.Text("dlvCwd") == "" {
		if cwd := r.Text("cwd"); cwd != "" && !filepath.IsAbs(cwd) {
			if abs, err := filepath.Abs(cwd); err == nil { // relative to the folder that we are about to leave
				if err := r.Set("cwd", abs); err != nil {
					return err
				}
			}
		}
		if err := r.Set("dlvCwd", dir); err != nil {
			return err
		}
	}
	return w.dropInherited(r)
}

// moduleDir is the folder of a program that is a path; "" for an import path.
func moduleDir(program string) string {
	if !filepath.IsAbs(program) {
		return ""
	}
	info, err := os.Stat(program)
	switch {
	case err != nil:
		return ""
	case info.IsDir():
		return program
	}
	return filepath.Dir(program)
}

// dropInherited takes out of the launch request's env what the client has merely
// inherited from the user, so that it does not hide the session's values.
func (w *work) dropInherited(r *debug.ClientRequest) error {
	raw, has := r.Arguments["env"]
	if !has {
		return nil
	}
	var env map[string]*string
	if json.Unmarshal(raw, &env) != nil {
		return nil // Delve says what is wrong with it
	}
	for name, value := range env {
		if own, known := w.job.Inherited[name]; known && value != nil && *value == own {
			delete(env, name)
		}
	}
	return r.Set("env", env)
}

// lastSeq is the number of a message that is the last: above all that Delve has
// sent by then.
const lastSeq = 1 << 20

// refuse answers a request that does not get through.
func refuse(conn net.Conn, r *debug.ClientRequest, err error) {
	_ = wire.WriteProtocolMessage(conn, &wire.ErrorResponse{ // the connection ends in any case
		Response: wire.Response{
			ProtocolMessage: wire.ProtocolMessage{Seq: lastSeq, Type: "response"},
			RequestSeq:      r.Seq, Command: r.Command, Message: err.Error(),
		},
		Body: wire.ErrorResponseBody{Error: &wire.ErrorMessage{Id: 1, Format: err.Error() + " (" + fault.HintOf(err) + ")", ShowUser: true}},
	})
}
