package session

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/tandem-dev/tandem/envfile"
	"github.com/tandem-dev/tandem/internal/fault"
)

// The control socket is how `tandem status`, `tandem env` and `tandem down`
// reach the sessions of another process of the same user: one JSON request and
// one JSON answer per connection, on a Unix socket that only the user can open.
// Its path stands in the journal.

// controlRequest asks one thing about one session.
type controlRequest struct {
	Op string `json:"op"`
	ID string `json:"id"`
	// Explain is the question of opExplain.
	Explain *ExplainRequest `json:"explain,omitempty"`
	// Debug is what opDebugStart wants, DebugID what opDebugStop ends.
	Debug   *DebugRequest `json:"debug,omitempty"`
	DebugID string        `json:"debugId,omitempty"`
	// Tunnel is what opTunnelOpen wants, TunnelID what opTunnelClose closes.
	Tunnel   *TunnelRequest `json:"tunnel,omitempty"`
	TunnelID string         `json:"tunnelId,omitempty"`
	// By is who asks for opTakeover.
	By string `json:"by,omitempty"`
}

// What can be asked.
const (
	opSnapshot    = "snapshot"
	opStop        = "stop"
	opEnvironment = "environment"
	opExplain     = "explain"
	opDebugStart  = "debugStart"
	opDebugStop   = "debugStop"
	opDebugWait   = "debugWait"
	opTakeover    = "takeover"
	opTunnelOpen  = "tunnelOpen"
	opTunnelClose = "tunnelClose"
)

type controlAnswer struct {
	Snapshot  *Snapshot            `json:"snapshot,omitempty"`
	Variables []controlVariable    `json:"variables,omitempty"`
	Warnings  []envfile.Warning    `json:"warnings,omitempty"`
	Explained *envfile.Explanation `json:"explained,omitempty"`
	Debugging *Debugging           `json:"debugging,omitempty"`
	Tunnel    *Tunnel              `json:"tunnel,omitempty"`
	Vitals    *Vitals              `json:"vitals,omitempty"`
	Error     *Cause               `json:"error,omitempty"`
}

// controlVariable carries a variable whole, its value included, which
// envfile.Variable does not let JSON see where it is a Secret's: this socket is
// the user's own, as the 0600 files are. Values travel as bytes because they
// need not be UTF-8.
type controlVariable struct {
	Name      string           `json:"name"`
	Value     []byte           `json:"value"`
	Origin    envfile.Origin   `json:"origin"`
	Secret    bool             `json:"secret,omitempty"`
	Expansion string           `json:"expansion,omitempty"`
	Shadowed  []envfile.Origin `json:"shadowed,omitempty"`
	Notes     []string         `json:"notes,omitempty"`
}

func (a *controlAnswer) setEnvironment(e *envfile.Environment) {
	a.Warnings = e.Warnings
	for _, v := range e.Vars {
		a.Variables = append(a.Variables, controlVariable{v.Name, []byte(v.Value), v.Origin, v.Secret, v.Expansion, v.Shadowed, v.Notes})
	}
}

func (a *controlAnswer) environment() *envfile.Environment {
	e := &envfile.Environment{Warnings: a.Warnings}
	for _, v := range a.Variables {
		e.Vars = append(e.Vars, envfile.Variable{Name: v.Name, Value: string(v.Value), Origin: v.Origin,
			Secret: v.Secret, Expansion: v.Expansion, Shadowed: v.Shadowed, Notes: v.Notes})
	}
	return e
}

// maxSocketPath is what a Unix socket's address holds everywhere (macOS has the
// shortest, 104 bytes with its NUL: sys/un.h).
const maxSocketPath = 103

// controlServer answers other processes. Its accept loop and one goroutine per
// connection are joined by close, which lets answers that are on their way out
// arrive: `tandem down` hears the end of a session from the very process that
// ends with it.
type controlServer struct {
	manager  *Manager
	listener net.Listener
	path     string
	tempDir  string          // to be removed with the socket, "" where it lies in the state folder
	closing  context.Context // ends when close begins
	hangUp   context.CancelFunc
	running  sync.WaitGroup
}

func startControl(m *Manager, stateDir string) (*controlServer, error) {
	dir := filepath.Join(stateDir, "run")
	name := rand.Text()[:12] + ".sock"
	tempDir := ""
	if len(filepath.Join(dir, name)) > maxSocketPath {
		tmp, err := os.MkdirTemp("", "tandem-")
		if err != nil {
			return nil, fault.Wrap(err, fault.JournalFailed, "making a folder for the control socket")
		}
		dir, tempDir = tmp, tmp
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fault.Wrap(err, fault.JournalFailed, "making the control socket's folder %s", dir)
	}
	path := filepath.Join(dir, name)
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fault.Wrap(err, fault.JournalFailed, "opening the control socket %s", path)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(fault.Wrap(err, fault.JournalFailed, "closing the control socket %s to others", path), l.Close())
	}
	closing, hangUp := context.WithCancel(context.Background())
	c := &controlServer{manager: m, listener: l, path: path, tempDir: tempDir, closing: closing, hangUp: hangUp}
	c.running.Go(c.accept)
	return c, nil
}

func (c *controlServer) accept() {
	for {
		conn, err := c.listener.Accept()
		if err != nil {
			return // closed
		}
		c.running.Go(func() { c.serve(conn) })
	}
}

func (c *controlServer) serve(conn net.Conn) {
	defer conn.Close()
	// Nobody waits for a peer that has not asked yet.
	hearing := context.AfterFunc(c.closing, func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(askTimeout))
	var req controlRequest
	err := json.NewDecoder(conn).Decode(&req)
	if !hearing() || err != nil {
		return
	}
	_ = conn.SetDeadline(time.Time{})
	a := c.answer(req)
	_ = conn.SetDeadline(time.Now().Add(askTimeout))
	_ = json.NewEncoder(conn).Encode(a) // a peer that went away needs no answer
}

func (c *controlServer) answer(req controlRequest) controlAnswer {
	var a controlAnswer
	var snap Snapshot
	var err error
	switch req.Op {
	case opSnapshot:
		snap, err = c.manager.Get(req.ID)
		a.Snapshot, a.Vitals = &snap, vitals()
	case opStop:
		// Bounded by the session itself, which bounds its repair.
		snap, err = c.manager.Stop(context.Background(), req.ID)
		a.Snapshot = &snap
	case opTakeover:
		snap, err = c.manager.yield(req.ID, req.By)
		a.Snapshot = &snap
	case opEnvironment:
		var env *envfile.Environment
		if env, err = c.manager.Environment(req.ID); err == nil {
			a.setEnvironment(env)
		}
	case opExplain:
		if req.Explain == nil {
			err = fault.New(fault.InvalidParams, "nothing to explain")
			break
		}
		req.Explain.ID = req.ID
		a.Explained, err = c.manager.Explain(context.Background(), *req.Explain) // asks no cluster
	case opDebugStart:
		if req.Debug == nil {
			err = fault.New(fault.InvalidParams, "nothing to debug")
			break
		}
		var d Debugging
		if d, err = c.manager.DebugStart(c.closing, req.ID, *req.Debug); err == nil {
			a.Debugging = &d
		}
	case opDebugStop:
		err = c.manager.DebugStop(c.closing, req.ID, req.DebugID)
	case opDebugWait:
		err = c.manager.awaitDebugger(c.closing, req.ID, req.DebugID)
	case opTunnelOpen:
		if req.Tunnel == nil {
			err = fault.New(fault.InvalidParams, "no tunnel to open")
			break
		}
		var t Tunnel
		if t, err = c.manager.OpenTunnel(c.closing, req.ID, *req.Tunnel); err == nil {
			a.Tunnel = &t
		}
	case opTunnelClose:
		err = c.manager.CloseTunnel(c.closing, req.ID, req.TunnelID)
	default:
		err = fault.New(fault.InvalidParams, "the control socket knows no %q", req.Op)
	}
	if err != nil {
		return controlAnswer{Error: causeOf(err)}
	}
	return a
}

func (c *controlServer) close() error {
	err := c.listener.Close() // removes the socket, too
	c.hangUp()
	c.running.Wait()
	if c.tempDir != "" {
		err = errors.Join(err, os.Remove(c.tempDir))
	}
	return err
}

// ask puts one question to the process that owns a session.
func ask(ctx context.Context, path string, req controlRequest) (controlAnswer, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", path)
	if err != nil {
		return controlAnswer{}, fault.Wrap(err, fault.SessionNotFound, "reaching the process that owns session %s", req.ID).
			Hint("it may be starting or ending; try again")
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	var a controlAnswer
	if err := json.NewEncoder(conn).Encode(req); err == nil {
		err = json.NewDecoder(conn).Decode(&a)
		if err != nil {
			return a, fault.Wrap(err, fault.SessionNotFound, "the process that owns session %s went away", req.ID)
		}
	}
	if a.Error != nil {
		e := fault.New(a.Error.Kind, "%s", a.Error.Message).Hint("%s", a.Error.Hint)
		e.Retryable = a.Error.Retryable
		return a, e
	}
	return a, nil
}
