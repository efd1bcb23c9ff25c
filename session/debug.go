package session

import (
	"context"

	"github.com/tandem-dev/tandem/debug"
	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/manifest"
)

// DebugMode says what of a session's program is debugged.
type DebugMode string

// The modes.
const (
	// DebugLaunch starts the program under a debugger, in the place of the
	// session's command; that comes back when the debugger has ended.
	DebugLaunch DebugMode = "launch"
	// DebugTest starts its tests under a debugger, beside whatever runs.
	DebugTest DebugMode = "test"
	// DebugAttach takes the program that runs.
	DebugAttach DebugMode = "attach"
)

// DebugRequest asks for a debugger. Its zero value launches what the manifest's
// command says.
type DebugRequest struct {
	// Language is nil for the one that is found.
	Language *debug.Language `json:"language,omitempty"`
	// Mode is DebugLaunch where it is "".
	Mode DebugMode `json:"mode,omitempty"`
	// Protocol is the language's own where it is "".
	Protocol debug.Protocol `json:"protocol,omitempty"`
	// Program, Args, Cwd and BuildFlags replace what the command says; nil and ""
	// keep it.
	Program    string   `json:"program,omitempty"`
	Args       []string `json:"args,omitempty"`
	Cwd        string   `json:"cwd,omitempty"`
	BuildFlags []string `json:"buildFlags,omitempty"`
	// PID is the process to attach to; 0 is the session's command.
	PID int `json:"pid,omitempty"`
	// Command is a debugger of another language; see debug.Spec.
	Command        []string         `json:"command,omitempty"`
	StopOnEntry    bool             `json:"stopOnEntry,omitempty"`
	SubstitutePath []debug.PathRule `json:"substitutePath,omitempty"`
}

// DebugSession is one debugger in a snapshot.
type DebugSession struct {
	ID       string         `json:"id"`
	Language debug.Language `json:"language"`
	Mode     DebugMode      `json:"mode"`
	Protocol debug.Protocol `json:"protocol"`
	Address  string         `json:"address"`
	PID      int            `json:"pid"`
}

// Debugging is one debugger with all that its client needs.
type Debugging struct {
	DebugSession
	Host string `json:"host"`
	Port int    `json:"port"`
	// Configuration is a VS Code launch configuration; see debug.Debugger.
	Configuration map[string]any `json:"configuration"`
	// Secret is what the client's launch or attach request must have, as
	// debug.SecretArgument; "" for none.
	Secret string `json:"secret,omitempty"`

	done <-chan struct{} // closed when it has ended
}

// DebugStart starts a debugger of a session and returns once it listens. It needs
// a session that is ready; one that is busy reconnecting starts it once it is ready
// again, if ctx lasts.
func (m *Manager) DebugStart(ctx context.Context, id string, r DebugRequest) (Debugging, error) {
	s, err := m.session(id)
	if err != nil {
		return Debugging{}, err
	}
	type answer struct {
		d   Debugging
		err error
	}
	reply := make(chan answer, 1)
	ask := func(life context.Context) {
		s.beginDebug(life, ctx, r, func(d Debugging, err error) { reply <- answer{d, err} })
	}
	select {
	case s.whenReady <- ask:
	case <-s.done:
		return Debugging{}, ended(id)
	case <-ctx.Done():
		return Debugging{}, fault.Wrap(context.Cause(ctx), fault.Cancelled, "starting a debugger in session %s", id)
	}
	a := <-reply // what was taken is answered, also when ctx or the session ends
	return a.d, a.err
}

// DebugStop ends a debugger and returns once it and what it launched are gone.
func (m *Manager) DebugStop(ctx context.Context, id, debugID string) error {
	s, err := m.session(id)
	if err != nil {
		return err
	}
	reply := make(chan error, 1)
	ask := func(context.Context) { reply <- s.stopDebug(ctx, debugID) }
	select {
	case s.anyTime <- ask:
		return <-reply
	case <-s.done:
		return nil // with everything of it
	case <-ctx.Done():
		return fault.Wrap(context.Cause(ctx), fault.Cancelled, "stopping debugger %s of session %s", debugID, id)
	}
}

// Debuggers are those that run in a session, and what a launch would debug.
func (m *Manager) Debuggers(id string) ([]Debugging, debug.Target, error) {
	s, err := m.session(id)
	if err != nil {
		return nil, debug.Target{}, err
	}
	var running []Debugging
	if all := s.debugging.Load(); all != nil {
		running = *all
	}
	return running, s.debugTarget(), nil
}

// DebugAny starts a debugger in the dev's running session, whichever process of
// this user owns it; without a name the only one that runs is meant. stop ends it.
func (m *Manager) DebugAny(ctx context.Context, manifestPath, devName string, r DebugRequest) (d Debugging, stop func(context.Context) error, err error) {
	devName = m.runningDev(manifestPath, devName)
	a, _, dev, err := m.askOwner(ctx, manifestPath, devName, controlRequest{Op: opDebugStart, Debug: &r})
	switch {
	case err != nil:
		return Debugging{}, nil, err
	case a == nil || a.Debugging == nil:
		return Debugging{}, nil, fault.New(fault.SessionNotFound, "no session of %q runs on this machine", dev).
			Hint("start it first: in your editor, or with `tandem up %s --no-command`", dev)
	}
	d = *a.Debugging
	stop = func(ctx context.Context) error {
		_, _, _, err := m.askOwner(ctx, manifestPath, devName, controlRequest{Op: opDebugStop, DebugID: d.ID})
		return err
	}
	return d, stop, nil
}

// DebugWait returns once a debugger of the dev's running session has ended.
func (m *Manager) DebugWait(ctx context.Context, manifestPath, devName, debugID string) error {
	devName = m.runningDev(manifestPath, devName)
	_, _, _, err := m.askOwner(ctx, manifestPath, devName, controlRequest{Op: opDebugWait, DebugID: debugID})
	return err
}

// runningDev is the named dev, or without a name the one of the manifest's only
// running session; "" where none runs, or several do.
func (m *Manager) runningDev(manifestPath, devName string) string {
	path, err := manifest.Discover("", manifestPath)
	if devName != "" || err != nil {
		return devName
	}
	entries, _ := m.journal.entries() // askOwner, which comes next, says what is wrong with it
	for _, e := range entries {
		if !e.live || e.Manifest != path {
			continue
		}
		if devName != "" && devName != e.Dev {
			return ""
		}
		devName = e.Dev
	}
	return devName
}

// awaitDebugger is what that asks of the owner; one that has ended is waited for
// no more.
func (m *Manager) awaitDebugger(ctx context.Context, id, debugID string) error {
	running, _, err := m.Debuggers(id)
	if err != nil {
		return err
	}
	for _, d := range running {
		if d.ID != debugID {
			continue
		}
		select {
		case <-d.done:
		case <-ctx.Done():
		}
	}
	return nil
}

func ended(id string) error {
	return fault.New(fault.SessionNotFound, "session %s has ended", id).Hint("start it again")
}
