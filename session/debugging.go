package session

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/tandem-dev/tandem/debug"
	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/session/process"
)

// debugger is one that runs. It belongs to the session's goroutine.
type debugger struct {
	Debugging
	run     *debug.Debugger
	streams []*outputText
}

// debugTarget is what a launch would debug: what the command says, whether or not
// the session runs it.
func (s *Session) debugTarget() debug.Target {
	dev := s.prepared.dev
	return debug.Detect(dev.Workdir, argv(dev.Command, s.request.Command))
}

// debugSpec says what to start. Output goes where the command's would go.
func (s *Session) debugSpec(r DebugRequest) (debug.Spec, []*outputText, error) {
	target, err := s.debugTarget().Choose(debug.Choice{
		Language: r.Language, Testing: r.Mode == DebugTest, Program: r.Program, Args: r.Args, Cwd: r.Cwd, Flags: r.BuildFlags,
	})
	if err != nil {
		return debug.Spec{}, nil, err
	}
	if len(r.Command) > 0 && r.Language == nil {
		target.Language = debug.Generic
	}
	spec := debug.Spec{
		Self: s.cfg.Debugger, Name: "Debug " + s.prepared.dev.Name, Target: target, Protocol: r.Protocol,
		Command: r.Command, StopOnEntry: r.StopOnEntry, SubstitutePath: r.SubstitutePath,
		Env: s.processEnv(), Patience: max(s.prepared.dev.Timeout.Resources, s.prepared.dev.Timeout.Default),
	}
	spec.Inherited = changed(os.Environ(), spec.Env)
	switch r.Mode {
	case "", DebugLaunch, DebugTest:
	case DebugAttach:
		spec.Request, spec.PID = debug.Attach, r.PID
		if c := s.run.command; spec.PID == 0 && s.commandDone() != nil {
			spec.PID = debug.ProgramUnder(c.process.PID())
		}
	default:
		return spec, nil, fault.New(fault.InvalidParams, "there is no mode %q", r.Mode).Hint("launch, test or attach")
	}
	wired, streams := s.spec()
	spec.Stdout, spec.Stderr = wired.Stdout, wired.Stderr
	if t := wired.Terminal; t != nil { // the terminal shows it, but nobody reads from it
		spec.Stdout, spec.Stderr = t.Out, t.Out
	}
	if len(spec.Self) == 0 {
		return spec, nil, fault.New(fault.Internal, "this program was not told how to start a debugger")
	}
	return spec, streams, nil
}

// changed are the values that a user has of variables that env has another value of.
func changed(own, env []string) map[string]string {
	now := map[string]string{}
	for _, entry := range env {
		name := nameOf(entry)
		now[name] = strings.TrimPrefix(entry[len(name):], "=")
	}
	was := map[string]string{}
	for _, entry := range own {
		name := nameOf(entry)
		value := strings.TrimPrefix(entry[len(name):], "=")
		if v, has := now[name]; has && v != value {
			was[name] = value
		}
	}
	return was
}

// beginDebug is the owner's part of DebugStart: it makes room, and has the debugger
// started by a goroutine of its own, because a build tool may take minutes. life
// ends with the standing session, which waits for that goroutine; asked ends when
// the caller has lost interest.
func (s *Session) beginDebug(life, asked context.Context, r DebugRequest, answer func(Debugging, error)) {
	spec, streams, err := s.debugSpec(r)
	if err == nil && replaces(r.Mode) {
		err = spec.Check() // before the command is ended for it
	}
	if err != nil {
		answer(Debugging{}, err)
		return
	}
	if replaces(r.Mode) {
		s.makeRoom(life)
	}
	s.run.debugsStarted++
	id := fmt.Sprintf("d%d", s.run.debugsStarted)
	ctx, cancel := context.WithCancel(life)
	stopAsking := context.AfterFunc(asked, cancel)
	s.run.starting.Go(func() { // ends at the latest with life
		defer cancel()
		defer stopAsking()
		run, err := debug.Start(ctx, spec)
		done := func(context.Context) { s.debugStarted(life, id, r.Mode, run, streams, err, answer) }
		select {
		case s.anyTime <- done:
		case <-life.Done():
			if err == nil {
				run.Stop(life)
				err = fault.New(fault.Cancelled, "session %s ended while its debugger started", s.id)
			}
			answer(Debugging{}, err)
		}
	})
}

func replaces(m DebugMode) bool { return m == "" || m == DebugLaunch }

// makeRoom ends what serves the session's ports: the command, which comes back
// after the debugger, or an earlier debugger.
func (s *Session) makeRoom(ctx context.Context) {
	for _, d := range slices.Clone(s.run.debuggers) {
		if replaces(d.Mode) {
			d.run.Stop(ctx)
			s.forgetDebugger(d)
		}
	}
	if s.commandDone() != nil {
		s.noteExit(s.run.command.process.Stop(ctx))
		s.run.replaced = true
	}
}

// debugStarted takes the result over.
func (s *Session) debugStarted(life context.Context, id string, mode DebugMode, run *debug.Debugger, streams []*outputText, err error, answer func(Debugging, error)) {
	if err != nil {
		s.log.Warn().Err(err).Str("kind", string(fault.KindOf(err))).Msg("starting a debugger")
		s.bringBack(life)
		answer(Debugging{}, err)
		return
	}
	if mode == "" {
		mode = DebugLaunch
	}
	d := &debugger{run: run, streams: streams, Debugging: Debugging{
		DebugSession: DebugSession{ID: id, Language: run.Language, Mode: mode, Protocol: run.Protocol, Address: run.Address(), PID: run.PID()},
		Host:         run.Host(), Port: run.Port, Configuration: run.Configuration, Secret: run.Secret, done: run.Done(),
	}}
	s.run.debuggers = append(s.run.debuggers, d)
	s.showDebuggers()
	s.log.Info().Str("debug", id).Str("language", string(d.Language)).Str("address", d.Address).Msg("debugger listens")
	go func() { // ends with the debugger and the session's taking note, or with the session
		<-run.Done()
		select {
		case s.anyTime <- func(context.Context) { s.debuggerEnded(life, d) }:
		case <-s.done:
		}
	}()
	answer(d.Debugging, nil)
}

// debuggerEnded notes the end of a debugger, and brings the command back.
func (s *Session) debuggerEnded(life context.Context, d *debugger) {
	if !slices.Contains(s.run.debuggers, d) {
		return // stopped by us
	}
	s.forgetDebugger(d)
	if s.request.EndWithCommand && s.request.Debug != nil && len(s.run.debuggers) == 0 {
		s.stop(nil)
		return
	}
	s.bringBack(life)
}

// stopDebug is the owner's part of DebugStop.
func (s *Session) stopDebug(ctx context.Context, id string) error {
	i := slices.IndexFunc(s.run.debuggers, func(d *debugger) bool { return d.ID == id })
	if i < 0 {
		var known []string
		for _, d := range s.run.debuggers {
			known = append(known, d.ID)
		}
		return fault.New(fault.DebugNotFound, "session %s has no debugger %q", s.id, id).
			Hint("it may have ended by itself; session/get lists those that run").With("debug", known)
	}
	d := s.run.debuggers[i]
	d.run.Stop(ctx)
	s.forgetDebugger(d)
	s.bringBack(ctx)
	return nil
}

// bringBack starts the command again that a debugger has replaced, once none does.
func (s *Session) bringBack(ctx context.Context) {
	if !s.run.replaced || slices.ContainsFunc(s.run.debuggers, func(d *debugger) bool { return replaces(d.Mode) }) {
		return
	}
	s.run.replaced = false
	if err := s.startCommand(ctx); err != nil {
		s.log.Error().Err(err).Msg("starting the command again, after the debugger")
	}
}

func (s *Session) forgetDebugger(d *debugger) {
	s.run.debuggers = slices.DeleteFunc(s.run.debuggers, func(other *debugger) bool { return other == d })
	for _, text := range d.streams {
		text.flush()
	}
	s.log.Info().Str("debug", d.ID).Int("code", d.run.Exit().Code).Msg("debugger ended")
	s.showDebuggers()
}

// showDebuggers puts the debuggers into the snapshot and into the journal.
func (s *Session) showDebuggers() {
	var marks []process.Mark
	all := make([]Debugging, 0, len(s.run.debuggers))
	for _, d := range s.run.debuggers {
		marks = append(marks, d.run.Mark())
		all = append(all, d.Debugging)
	}
	s.debugging.Store(&all)
	s.run.entry.Debuggers = marks
	if err := s.run.page.write(s.run.entry); err != nil {
		s.log.Warn().Err(err).Msg("after a crash the debuggers could not be found again")
	}
	s.change(func(snap *Snapshot) {
		snap.Debug = make([]DebugSession, len(all))
		for i, d := range all {
			snap.Debug[i] = d.DebugSession
		}
	})
}

// endDebuggers ends all of them, side by side.
func (s *Session) endDebuggers(ctx context.Context) {
	ends := make([]chan struct{}, len(s.run.debuggers))
	for i, d := range s.run.debuggers {
		ends[i] = make(chan struct{})
		go func() { // joined below
			defer close(ends[i])
			d.run.Stop(ctx)
		}()
	}
	for _, end := range ends {
		<-end
	}
	for _, d := range slices.Clone(s.run.debuggers) {
		s.forgetDebugger(d)
	}
}

// staleDebuggers names those that run with an environment which has changed.
func (s *Session) staleDebuggers() []string {
	var all []string
	for _, d := range s.run.debuggers {
		all = append(all, "debug:"+d.ID)
	}
	return all
}

// debugInstead starts the debugger that a session was asked to start in the place
// of its command.
func (s *Session) debugInstead(ctx context.Context) error {
	spec, streams, err := s.debugSpec(*s.request.Debug)
	if err != nil {
		return err
	}
	s.progress("starting the debugger")
	run, err := debug.Start(ctx, spec)
	if err != nil {
		return err
	}
	s.run.debugsStarted++
	s.debugStarted(ctx, fmt.Sprintf("d%d", s.run.debugsStarted), s.request.Debug.Mode, run, streams, nil, func(Debugging, error) {})
	return nil
}
