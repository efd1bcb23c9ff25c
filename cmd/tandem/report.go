package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tandem-dev/tandem/session"
)

// reporter shows a session's steps with their times, one line each, as they
// end; on a terminal the line of the running step tells what it waits for. It
// is a session.Observer.
type reporter struct {
	mu    sync.Mutex
	w     *os.File
	paint paint
	// shown is how many phases have their line already.
	shown int
	// waiting is the text of the unfinished line, "" without one.
	waiting string
	running session.State
	ready   bool // said once
	turned  bool // the traffic comes here, and that was said
	warned  map[string]bool
}

func newReporter(w *os.File) *reporter {
	return &reporter{w: w, paint: newPaint(w), warned: map[string]bool{}}
}

// SessionOutput is not used: `up` gives the command its own streams.
func (r *reporter) SessionOutput(string, string, string) {}

// EnvChanged tells which variables have changed in the cluster, and that the
// command does not know.
func (r *reporter) EnvChanged(c session.EnvChange) {
	r.mu.Lock()
	defer r.mu.Unlock()
	names := slices.Concat(c.Added, c.Changed, c.Removed)
	const most = 5
	more := ""
	if len(names) > most {
		names, more = names[:most], fmt.Sprintf(" and %d more", len(names)-most)
	}
	line := fmt.Sprintf("changed in the cluster: %s%s; the files are rewritten", strings.Join(names, ", "), more)
	if len(c.Stale) > 0 {
		line += ", the running command has the old values"
	}
	r.line("  %s %s", r.paint.warn("!"), line)
}

// SessionChanged prints what the change is worth to a person.
func (r *reporter) SessionChanged(s session.Snapshot) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for ; r.shown < len(s.Phases); r.shown++ {
		r.step(s, s.Phases[r.shown])
	}
	r.running = s.State
	for _, w := range s.Warnings {
		if line := w.Message + w.Hint; !r.warned[line] {
			r.warned[line] = true
			r.line("  %s %s", r.paint.warn("!"), w.Message)
			if w.Hint != "" {
				r.line("    %s", r.paint.dim(w.Hint))
			}
		}
	}
	for _, w := range s.Env.Warnings {
		line := w.Message
		if r.warned[line] {
			continue
		}
		r.warned[line] = true
		r.line("  %s %s", r.paint.warn("!"), line)
	}
	switch s.State {
	case session.Reconnecting:
		if s.Cause != nil {
			line := "link lost: " + s.Cause.Message
			if !r.warned[line] {
				r.warned[line] = true
				r.line("  %s %s", r.paint.warn("!"), line)
			}
		}
	case session.Ready:
		if r.ready {
			if s.Traffic != session.TrafficOriginal && !r.turned {
				r.turned = true
				r.line("  %s %-12s          %s", r.paint.good("✓"), "traffic", r.paint.dim(outcome(s, session.Switching)))
			}
			break
		}
		r.ready, r.turned = true, s.Traffic != session.TrafficOriginal
		var total time.Duration
		for _, p := range s.Phases {
			total += p.Duration
		}
		r.line("  %s in %s", r.paint.bold("ready"), seconds(total))
	}
}

// step prints the line of a phase that has ended.
func (r *reporter) step(s session.Snapshot, p session.Phase) {
	if p.State == session.Ready || p.State == session.Reconnecting {
		return
	}
	mark := r.paint.good("✓")
	if s.State == session.Failed || (s.State == session.Stopping && p.State != session.Ready && s.Cause != nil) {
		mark = r.paint.bad("✗")
	}
	if p.State == session.Stopping && s.State == session.Failed {
		mark = r.paint.dim("–") // what failed was another step; the error tells
	}
	line := fmt.Sprintf("  %s %-12s %7s", mark, p.State, seconds(p.Duration))
	if said := outcome(s, p.State); said != "" {
		line += "  " + r.paint.dim(said)
	}
	r.line("%s", line)
}

// outcome says in a few words what a step has achieved.
func outcome(s session.Snapshot, step session.State) string {
	switch step {
	case session.Checking:
		if s.Workload != nil {
			return fmt.Sprintf("%s %s/%s, container %s", s.Workload.Kind, s.Namespace, s.Workload.Name, s.Workload.Container)
		}
	case session.Diverting:
		if s.Pod != nil {
			return fmt.Sprintf("pod %s on %s", s.Pod.Name, s.Pod.Node)
		}
	case session.Connecting:
		var parts []string
		for _, t := range s.Tunnels {
			from, to := ends(t)
			part := string(t.Kind) + " " + from + " → " + to
			if t.Owner != nil {
				part += fmt.Sprintf(" (by %s)", t.Owner.Session)
			}
			parts = append(parts, part)
		}
		return strings.Join(parts, ", ")
	case session.Resolving:
		var files []string
		for _, f := range s.Env.Files {
			files = append(files, f.Path)
		}
		return fmt.Sprintf("%d variables, %s", s.Env.Count, strings.Join(files, ", "))
	case session.Switching:
		switch {
		case s.Workload == nil:
		case s.Traffic == session.TrafficOriginal:
			return fmt.Sprintf("%s %s serves until something listens here", s.Workload.Kind, s.Workload.Name)
		case s.Traffic == session.TrafficBoth:
			return fmt.Sprintf("requests come here, %s %s goes to 0 replicas", s.Workload.Kind, s.Workload.Name)
		default:
			return fmt.Sprintf("%s %s at 0 replicas", s.Workload.Kind, s.Workload.Name)
		}
	case session.Stopping:
		if s.Workload != nil && s.State == session.Stopped {
			return fmt.Sprintf("%s %s back at %s", s.Workload.Kind, s.Workload.Name, replicas(s.Workload.Replicas))
		}
	}
	return ""
}

// progress shows what the running step waits for.
func (r *reporter) progress(message string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.paint.on {
		return
	}
	r.erase()
	r.waiting = fmt.Sprintf("  %s %-12s          %s", r.paint.dim("…"), r.running, r.paint.dim(message))
	fmt.Fprint(r.w, r.waiting)
}

// line prints a whole line above the unfinished one.
func (r *reporter) line(format string, args ...any) {
	r.erase()
	fmt.Fprintf(r.w, format+"\n", args...)
}

func (r *reporter) erase() {
	if r.waiting != "" {
		fmt.Fprint(r.w, "\r\x1b[K")
		r.waiting = ""
	}
}

func replicas(n int32) string {
	if n == 1 {
		return "1 replica"
	}
	return fmt.Sprintf("%d replicas", n)
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.2fs", d.Seconds()) }
