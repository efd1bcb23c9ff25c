package session

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	"github.com/tandem-dev/tandem/envfile"
	"github.com/tandem-dev/tandem/internal/fault"
)

func TestForwardsAsValuesKnowThem(t *testing.T) {
	for remote, want := range map[string]envfile.Forwarded{
		"postgres:5432":         {Service: "postgres", Namespace: "shop", RemotePort: 5432, LocalAddress: "l:1"},
		"kafka.data:9092":       {Service: "kafka.data", RemotePort: 9092, LocalAddress: "l:1"},
		"db.example.com:3306":   {Service: "db.example.com", RemotePort: 3306, LocalAddress: "l:1"},
		"10.0.0.7:80":           {Service: "10.0.0.7", RemotePort: 80, LocalAddress: "l:1"},
		"[fd00::7]:80":          {Service: "fd00::7", RemotePort: 80, LocalAddress: "l:1"},
		"127.0.0.1:8080":        {}, // the dev pod's own sidecar
		"[::1]:8080":            {},
		"nothing":               {},
		"postgres:not-a-number": {},
	} {
		got, ok := forwardedOf("l:1", remote, "shop")
		if diff := cmp.Diff(want, got); diff != "" || ok != (want.Service != "") {
			t.Errorf("%s: %v %s", remote, ok, diff)
		}
	}
}

// A session explains what its environment was made of, with its own settings,
// to its own process and over the control socket.
func TestExplainInASession(t *testing.T) {
	m := testManager(t, func(c *Config) {
		c.RewriteHosts = envfile.HostsOn
		c.Local = envfile.MergePolicy{Names: envfile.ExactCase, Rename: []envfile.Rename{{From: "APP_*", To: "*"}}}
	})
	s := &Session{id: "shop/api", cfg: &m.cfg, stop: func(error) {}}
	s.snap.Store(&Snapshot{ID: s.id, State: Resolving})
	m.sessions[s.id] = s
	ask1 := ExplainRequest{ID: s.id, Name: "APP_URL"}
	if _, err := m.Explain(t.Context(), ask1); !errors.Is(err, fault.SessionNotFound) || !strings.Contains(err.Error(), "resolving") {
		t.Errorf("before it is resolved: %v", err)
	}
	if _, err := m.Explain(t.Context(), ExplainRequest{ID: s.id}); !errors.Is(err, fault.InvalidParams) {
		t.Errorf("without a name: %v", err)
	}
	if _, err := m.Explain(t.Context(), ExplainRequest{ID: "shop/other", Name: "A"}); !errors.Is(err, fault.SessionNotFound) {
		t.Errorf("of another session: %v", err)
	}

	s.madeOf.Store(&madeOf{
		input: envfile.Input{
			Dev: []envfile.Var{{Name: "MODE", Value: "dev", Source: "environment"}},
			Container: &corev1.Container{Name: "api", Env: []corev1.EnvVar{
				{Name: "PASSWORD", ValueFrom: &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{
					LocalObjectReference: corev1.LocalObjectReference{Name: "db"}, Key: "password"}}},
				{Name: "APP_URL", Value: "postgres://u:$(PASSWORD)@postgres:5432/"}}},
			Secrets:  map[string]*corev1.Secret{"db": {Data: map[string][]byte{"password": []byte("hunter2")}}},
			Observed: []string{"PASSWORD=hunter2", "APP_URL=postgres://u:hunter2@postgres:5432/"},
		},
		forwarded: []envfile.Forwarded{{Service: "postgres", Namespace: "shop", RemotePort: 5432, LocalAddress: "127.0.0.1:15432"}},
	})
	s.env.Store(&envfile.Environment{})
	c, err := startControl(m, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	overSocket := func(_ context.Context, r ExplainRequest) (*envfile.Explanation, error) {
		a, err := ask(t.Context(), c.path, controlRequest{Op: opExplain, ID: r.ID, Explain: &r})
		return a.Explained, err
	}
	for name, explain := range map[string]func(context.Context, ExplainRequest) (*envfile.Explanation, error){"in process": m.Explain, "over the socket": overSocket} {
		t.Run(name, func(t *testing.T) {
			e, err := explain(t.Context(), ask1)
			if err != nil {
				t.Fatal(err)
			}
			if e.Status != envfile.StatusSet || e.Value != nil || e.Rewrite == nil || !e.Rewrite.Applied || e.Local == nil || e.Local.As != "URL" {
				t.Errorf("%+v", e)
			}
			if text, _ := json.Marshal(e); strings.Contains(string(text), "hunter2") {
				t.Errorf("the value of a secret shows: %s", text)
			}
			reveal := ask1
			reveal.Reveal = true
			if e, err = explain(t.Context(), reveal); err != nil || *e.Value != "postgres://u:hunter2@127.0.0.1:15432/" {
				t.Errorf("%+v, %v", e, err)
			}
			above := ExplainRequest{ID: s.id, Name: "MODE", Environment: []envfile.Var{{Name: "MODE", Value: "now", Source: "command line"}}}
			if e, err = explain(t.Context(), above); err != nil || *e.Value != "now" || len(e.Chain) != 2 {
				t.Errorf("%+v, %v", e, err)
			}
			if made := s.madeOf.Load(); len(made.input.Dev) != 1 {
				t.Error("the question changed what the session was made of")
			}
		})
	}
	if _, err := ask(t.Context(), c.path, controlRequest{Op: opExplain, ID: s.id}); !errors.Is(err, fault.InvalidParams) {
		t.Errorf("an empty question: %v", err)
	}
	delete(m.sessions, s.id) // it has no goroutine to wait for
}

func TestManagerRefusesPatterns(t *testing.T) {
	_, err := NewManager(Config{StateDir: t.TempDir(), Local: envfile.MergePolicy{Exclude: []string{"A=B"}}})
	if !errors.Is(err, fault.InvalidParams) {
		t.Error(err)
	}
}

// Every value for this machine is in the chain: environment, then the env
// files, the last of them first.
func TestExplainTellsOfEnvFiles(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{
		"a.env": "PORT=1\nONLY=a\n", "b.env": "PORT=0\nPORT=2\n",
		"okteto.yml": "dev:\n  api:\n    mode: hybrid\n    command: [api]\n    envFiles: [a.env, b.env]\n    environment: {PORT: 3}\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	_, dev, err := loadDev(filepath.Join(dir, "okteto.yml"), "", "api")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, step := range envfile.Explain(envfile.Input{Dev: devVars(dev)}, envfile.Question{Name: "PORT"}).Chain {
		got = append(got, fmt.Sprintf("%s %s=%s", step.Outcome, step.Origin.Object, *step.Value))
	}
	want := []string{"used environment=3", "shadowed envFiles:b.env=2", "shadowed envFiles:b.env=0", "shadowed envFiles:a.env=1"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
