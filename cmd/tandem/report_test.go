package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-dev/tandem/envfile"
	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/session"
)

// reported is what a reporter prints, not on a terminal, for what happens to it.
func reported(t *testing.T, happens func(*reporter)) []string {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	happens(newReporter(f))
	b, err := os.ReadFile(f.Name())
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(b), "\n"), "\n")
}

// at is a session in a state, with the phases that it has left behind it.
func at(state session.State, left ...session.State) session.Snapshot {
	s := session.Snapshot{
		ID: "shop/api", State: state, Namespace: "shop",
		Workload: &session.Workload{Kind: "Deployment", Name: "api", Container: "app", Replicas: 2},
		Pod:      &session.Pod{Name: "api-tandem-1", Node: "n1"},
		Tunnels: []session.Tunnel{
			{Kind: session.Forward, Local: "127.0.0.1:6379", Remote: "db:6379"},
			{Kind: session.Reverse, Local: "localhost:3000", Remote: ":8080"},
		},
		Env: session.Env{Count: 7, Files: []session.EnvFile{{Dialect: "dotenv", Path: ".tandem/api.env"}}},
	}
	for _, l := range left {
		s.Phases = append(s.Phases, session.Phase{State: l, Duration: 1500 * time.Millisecond})
	}
	return s
}

var started = []session.State{session.Checking, session.Diverting, session.Connecting, session.Resolving, session.Switching}

func TestReport(t *testing.T) {
	steps := []string{
		"  ✓ checking       1.50s  Deployment shop/api, container app",
		"  ✓ diverting      1.50s  pod api-tandem-1 on n1",
		"  ✓ connecting     1.50s  forward 127.0.0.1:6379 → db:6379, reverse :8080 → localhost:3000",
		"  ✓ resolving      1.50s  7 variables, .tandem/api.env",
		"  ✓ switching      1.50s  Deployment api at 0 replicas",
	}
	for _, c := range []struct {
		name    string
		happens func(*reporter)
		want    []string
	}{
		{"each step once, however many changes it brings", func(r *reporter) {
			for i := range started {
				r.SessionChanged(at(started[i], started[:i]...))
				r.SessionChanged(at(started[i], started[:i]...))
			}
			r.SessionChanged(at(session.Ready, started...))
			r.SessionChanged(at(session.Ready, started...))
		}, append(append([]string(nil), steps...), "  ready in 7.50s")},

		{"a warning once", func(r *reporter) {
			s := at(session.Resolving, session.Checking)
			s.Env.Warnings = []envfile.Warning{{Code: "unresolved", Variable: "A", Message: "A has no value"}}
			r.SessionChanged(s)
			r.SessionChanged(s)
		}, []string{steps[0], "  ! A has no value"}},

		{"a step that failed has no outcome to tell", func(r *reporter) {
			s := at(session.Failed, session.Checking)
			s.Workload, s.Cause = nil, &session.Cause{Kind: fault.WorkloadNotFound, Message: "no workload"}
			r.SessionChanged(s)
		}, []string{"  ✗ checking       1.50s"}},

		{"giving back is not what failed", func(r *reporter) {
			r.SessionChanged(at(session.Diverting, session.Checking))
			s := at(session.Stopping, session.Checking, session.Diverting)
			s.Pod, s.Cause = nil, &session.Cause{Kind: fault.ImagePullFailed, Message: "no such image"}
			r.SessionChanged(s)
			s.State, s.Phases = session.Failed, append(s.Phases, session.Phase{State: session.Stopping, Duration: time.Second})
			r.SessionChanged(s)
		}, []string{steps[0], "  ✗ diverting      1.50s", "  – stopping       1.00s"}},

		{"one replica is not many", func(r *reporter) {
			s := at(session.Stopped, session.Stopping)
			s.Workload.Replicas = 1
			r.SessionChanged(s)
		}, []string{"  ✓ stopping       1.50s  Deployment api back at 1 replica"}},

		{"the same loss of the link once", func(r *reporter) {
			s := at(session.Reconnecting)
			s.Cause = &session.Cause{Kind: fault.LinkFailed, Message: "the agent does not answer"}
			r.SessionChanged(s)
			r.SessionChanged(s)
		}, []string{"  ! link lost: the agent does not answer"}},

		{"a change in the cluster by its names, not all of them", func(r *reporter) {
			r.EnvChanged(session.EnvChange{Changed: []string{"A", "B"}, Stale: []string{"process"}})
			r.EnvChanged(session.EnvChange{Added: []string{"A", "B", "C"}, Removed: []string{"D", "E", "F", "G"}})
		}, []string{
			"  ! changed in the cluster: A, B; the files are rewritten, the running command has the old values",
			"  ! changed in the cluster: A, B, C, D, E and 2 more; the files are rewritten",
		}},

		{"what is waited for is for terminals only", func(r *reporter) {
			r.progress("waiting for a node")
		}, []string{""}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, reported(t, c.happens)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}
