package session

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"github.com/tandem-dev/tandem/envfile"
	"github.com/tandem-dev/tandem/internal/fault"
)

// testManager has a kubeconfig whose server refuses every connection.
func testManager(t *testing.T, change func(*Config)) *Manager {
	t.Helper()
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	write(t, kubeconfig, `apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "http://127.0.0.1:1"}}]
users: [{name: u, user: {token: t}}]
contexts: [{name: c, context: {cluster: c, user: u, namespace: shop}}]
current-context: c
`)
	cfg := Config{StateDir: t.TempDir(), AgentImage: "registry.example/agent:1", Kubeconfig: kubeconfig, Logger: zerolog.Nop()}
	if change != nil {
		change(&cfg)
	}
	m, err := NewManager(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return m
}

func write(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const manifestText = `dev:
  api:
    mode: hybrid
    command: ["%s"]
    reverse: ["8080:8080"]
  worker:
    mode: sync
    image: x
    sync: [".:/app"]
`

// What is wrong before a session exists is said without touching a cluster.
func TestStartRefuses(t *testing.T) {
	dir := t.TempDir()
	good := write(t, filepath.Join(dir, "okteto.yml"), strings.ReplaceAll(manifestText, "%s", "true"))
	missing := write(t, filepath.Join(dir, "missing.yml"), strings.ReplaceAll(manifestText, "%s", "no-such-program"))
	broken := write(t, filepath.Join(dir, "broken.yml"), "dev:\n  api: [")
	for _, tt := range []struct {
		name    string
		config  func(*Config)
		request StartRequest
		want    fault.Kind
	}{
		{"no manifest", nil, StartRequest{Dir: t.TempDir(), Dev: "api"}, fault.ManifestNotFound},
		{"broken manifest", nil, StartRequest{Manifest: broken, Dev: "api"}, fault.ManifestInvalid},
		{"unknown dev", nil, StartRequest{Manifest: good, Dev: "apo"}, fault.DevNotFound},
		{"sync mode", nil, StartRequest{Manifest: good, Dev: "worker"}, fault.DevNotHybrid},
		{"no agent image", func(c *Config) { c.AgentImage = "" }, StartRequest{Manifest: good, Dev: "api"}, fault.AgentMissing},
		{"no kubeconfig", func(c *Config) { c.Kubeconfig += "-none" }, StartRequest{Manifest: good, Dev: "api"}, fault.KubeconfigInvalid},
		{"no such command", nil, StartRequest{Manifest: missing, Dev: "api", Run: true}, fault.CommandNotFound},
		{"no cluster", nil, StartRequest{Manifest: good, Dev: "api"}, fault.ClusterUnreachable},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := testManager(t, tt.config)
			snap, err := m.Start(t.Context(), tt.request)
			if !errors.Is(err, tt.want) || fault.HintOf(err) == "" {
				t.Errorf("%s: %v (hint %q)", fault.KindOf(err), err, fault.HintOf(err))
			}
			if snap.State != "" && (snap.State != Failed || snap.Cause == nil || snap.Cause.Kind != tt.want) {
				t.Errorf("the session ended as %s, %+v", snap.State, snap.Cause)
			}
			if left, err := m.Status(t.Context()); len(left) != 0 || err != nil {
				t.Errorf("the journal holds %+v, %v", left, err)
			}
		})
	}
}

type recorder struct{ seen []Snapshot }

func (r *recorder) SessionChanged(s Snapshot)            { r.seen = append(r.seen, s) }
func (r *recorder) SessionOutput(string, string, string) {}
func (r *recorder) EnvChanged(EnvChange)                 {}

// A session that fails while checking tells so, with every change numbered.
func TestChangesAreNumbered(t *testing.T) {
	var r recorder
	m := testManager(t, func(c *Config) { c.Observer = &r })
	path := write(t, filepath.Join(t.TempDir(), "okteto.yml"), strings.ReplaceAll(manifestText, "%s", "true"))
	last, err := m.Start(t.Context(), StartRequest{Manifest: path, Dev: "api"})
	if err == nil {
		t.Fatal("it started")
	}
	var states []State
	for i, s := range r.seen {
		if s.Seq != int64(i+1) || s.ID != "shop/api" {
			t.Errorf("change %d: id %s, seq %d", i, s.ID, s.Seq)
		}
		states = append(states, s.State)
	}
	if diff := cmp.Diff([]State{Checking, Failed}, states); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(r.seen[len(r.seen)-1], last); diff != "" {
		t.Errorf("the answer is not the last change: %s", diff)
	}
	if again, err := m.Get("shop/api"); err != nil || again.Seq != last.Seq {
		t.Errorf("get: %+v, %v", again, err)
	}
	if _, err := m.Stop(t.Context(), "shop/api"); err != nil {
		t.Errorf("stopping what has ended: %v", err)
	}
}

func TestClosedManagerStartsNothing(t *testing.T) {
	m := testManager(t, nil)
	path := write(t, filepath.Join(t.TempDir(), "okteto.yml"), strings.ReplaceAll(manifestText, "%s", "true"))
	if err := m.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Start(t.Context(), StartRequest{Manifest: path, Dev: "api"}); !errors.Is(err, fault.Cancelled) {
		t.Errorf("start: %v", err)
	}
}

func TestControlSocket(t *testing.T) {
	m := testManager(t, nil)
	c, err := startControl(m, m.cfg.StateDir)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(c.path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	for op, want := range map[string]fault.Kind{opSnapshot: fault.SessionNotFound, opStop: fault.SessionNotFound,
		opEnvironment: fault.SessionNotFound, "dance": fault.InvalidParams} {
		if _, err := ask(t.Context(), c.path, controlRequest{Op: op, ID: "shop/api"}); !errors.Is(err, want) {
			t.Errorf("%s: %v", op, err)
		}
	}
	// One who connects and never asks does not hold the end up.
	idle, err := net.Dial("unix", c.path)
	if err != nil {
		t.Fatal(err)
	}
	defer idle.Close()
	closed := make(chan error, 1)
	go func() { closed <- c.close() }()
	select {
	case err := <-closed:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(askTimeout / 2):
		t.Error("an idle connection keeps the socket from closing")
		idle.Close()
		<-closed
	}
	if _, err := os.Stat(c.path); err == nil {
		t.Error("the socket is left")
	}
}

func TestControlSocketOfADeepStateDir(t *testing.T) {
	deep := filepath.Join(t.TempDir(), strings.Repeat("d", 120))
	m := testManager(t, func(c *Config) { c.StateDir = deep })
	c, err := startControl(m, deep)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Dir(c.path)
	if err := c.close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Errorf("%s is left", dir)
	}
}

// Secrets and bytes that are no text cross the control socket whole.
func TestControlCarriesTheEnvironmentWhole(t *testing.T) {
	want := &envfile.Environment{
		Vars: []envfile.Variable{
			{Name: "A", Value: "1", Origin: envfile.Origin{Tier: envfile.Spec}},
			{Name: "B", Value: "s\xff\n", Secret: true, Origin: envfile.Origin{Tier: envfile.Secret, Kind: envfile.KindSecret, Object: "o", Key: "k"}, Notes: []string{"n"}},
		},
		Warnings: []envfile.Warning{{Code: "c", Variable: "A", Message: "m"}},
	}
	var a controlAnswer
	a.setEnvironment(want)
	got := a.environment()
	if len(got.Vars) != 2 || got.Vars[1].Value != want.Vars[1].Value || got.Hash() != want.Hash() {
		t.Errorf("got %v", got.Vars)
	}
	if diff := cmp.Diff(want.Warnings, got.Warnings); diff != "" {
		t.Error(diff)
	}
}
