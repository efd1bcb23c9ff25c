package session

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/tandem-dev/tandem/envfile"
	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/session/cluster"
)

// sources are the objects that an environment is computed from.
type sources struct {
	configMaps map[string]*corev1.ConfigMap
	secrets    map[string]*corev1.Secret
}

// references are what a workload's container refers to.
type references envfile.Refs

func refsOf(w *cluster.Workload) references { return references(envfile.References(w.Spec())) }

func (r references) needs() cluster.Needs {
	names := func(refs []envfile.Ref) (all []string) {
		for _, ref := range refs {
			all = append(all, ref.Name)
		}
		return all
	}
	return cluster.Needs{ConfigMaps: names(r.ConfigMaps), Secrets: names(r.Secrets)}
}

func readSources(ctx context.Context, c *cluster.Cluster, refs references) (s sources, err error) {
	s.configMaps, s.secrets, err = c.Sources(ctx, envfile.Refs(refs))
	return s, err
}

// input is what the environment of a workload's container is computed from.
// pod is nil before the dev pod runs.
func (p *prepared) input(w *cluster.Workload, s sources, pod *corev1.Pod, precedence envfile.Precedence) envfile.Input {
	if pod == nil {
		pod = &corev1.Pod{ObjectMeta: *w.Template.ObjectMeta.DeepCopy(), Spec: *w.Template.Spec.DeepCopy()}
		pod.Namespace = w.Namespace
	}
	return envfile.Input{
		Dev: p.variables, Container: w.Spec(), Pod: pod,
		ConfigMaps: s.configMaps, Secrets: s.secrets, Precedence: precedence,
	}
}

// compute resolves the environment; observed is nil before the agent told it.
func (s *Session) compute(pod *corev1.Pod, observed []string) (*envfile.Environment, error) {
	in := s.prepared.input(s.run.workload, s.run.sources, pod, s.cfg.Precedence)
	in.Observed = observed
	return envfile.Resolve(in)
}

// resolve asks the agent what the container really has, settles the
// environment, and writes its files.
func (s *Session) resolve(ctx context.Context) error {
	ctx, cancel := s.step(ctx)
	defer cancel()
	s.progress("reading the container's environment")
	observed, err := s.run.link.Environ(ctx)
	if err != nil {
		return err
	}
	env, err := s.compute(s.run.pod.Object, observed)
	if err != nil {
		return err
	}
	s.run.observed = observed
	return s.settleEnv(env)
}

// settleEnv makes env the session's: it writes the files and shows it.
func (s *Session) settleEnv(env *envfile.Environment) error {
	dialects := s.request.Files
	if len(dialects) == 0 {
		dialects = []envfile.Dialect{envfile.Dotenv, envfile.JSON}
	}
	var files []EnvFile
	warnings := slices.Clone(env.Warnings)
	for _, d := range dialects {
		f, err := envfile.WriteFile(s.prepared.envDir, s.prepared.dev.Name, env, d)
		if err != nil {
			return err
		}
		files = append(files, EnvFile{Dialect: string(d), Path: f.Path})
		for _, u := range f.Undeliverable {
			warnings = append(warnings, envfile.Warning{Code: "undeliverable", Variable: u.Name,
				Message: fmt.Sprintf("%s is not in the %s file: %s", u.Name, d, u.Reason)})
		}
	}
	s.env.Store(env)
	s.change(func(snap *Snapshot) {
		snap.Env = Env{Files: files, Count: len(env.Vars), Hash: env.Hash(), Warnings: warnings}
	})
	return nil
}

// removeFiles deletes what resolve wrote.
func (s *Session) removeFiles() error {
	if s.env.Load() == nil {
		return nil
	}
	return envfile.RemoveFiles(s.prepared.envDir, s.prepared.dev.Name)
}

// Environment is what the session resolved.
func (m *Manager) Environment(id string) (*envfile.Environment, error) {
	s, err := m.session(id)
	if err != nil {
		return nil, err
	}
	env := s.env.Load()
	if env == nil {
		return nil, fault.New(fault.SessionNotFound, "session %s is %s: its environment is not resolved", id, s.Snapshot().State).
			Hint("wait until it is ready")
	}
	return env, nil
}

// WriteEnv writes a session's environment in one more dialect, to path or, ""
// beside the session's other files, which are removed with the session.
func (m *Manager) WriteEnv(id string, d envfile.Dialect, path string) (envfile.File, error) {
	s, err := m.session(id)
	if err != nil {
		return envfile.File{}, err
	}
	env, err := m.Environment(id)
	if err != nil {
		return envfile.File{}, err
	}
	if path != "" {
		return envfile.WritePath(path, env, d)
	}
	return envfile.WriteFile(s.prepared.envDir, s.prepared.dev.Name, env, d)
}

// ResolveOffline computes the environment of a dev from the cluster's objects,
// without a session. What only a running container has, the image's ENV among
// it, is not there; a warning says so.
func (m *Manager) ResolveOffline(ctx context.Context, manifestPath, devName string) (*envfile.Environment, error) {
	man, dev, err := loadDev(manifestPath, "", devName)
	if err != nil {
		return nil, err
	}
	c, err := m.connect(m.cfg.Kubeconfig, m.cfg.Context, m.cfg.Namespace)
	if err != nil {
		return nil, err
	}
	p := &prepared{manifest: man, dev: dev, cluster: c, variables: devVars(dev)}
	ctx, cancel := context.WithTimeout(ctx, dev.Timeout.Default)
	defer cancel()
	w, err := c.Find(ctx, target(dev))
	if err != nil {
		return nil, err
	}
	src, err := readSources(ctx, c, refsOf(w))
	if err != nil {
		return nil, err
	}
	env, err := envfile.Resolve(p.input(w, src, nil, m.cfg.Precedence))
	if err != nil {
		return nil, err
	}
	env.Warnings = append(env.Warnings, envfile.Warning{Code: "image-env-unknown",
		Message: "computed without a session: the image's ENV and what the cluster injects are known only once the dev container runs"})
	return env, nil
}

// ResolveAny is the environment of the dev's running session, whichever process
// of this user owns it, else the offline one.
func (m *Manager) ResolveAny(ctx context.Context, manifestPath, devName string) (*envfile.Environment, error) {
	man, dev, err := loadDev(manifestPath, "", devName)
	if err != nil {
		return nil, err
	}
	entries, err := m.journal.entries()
	if err != nil {
		m.cfg.Logger.Warn().Err(err).Msg("reading the journal")
	}
	for _, e := range entries {
		if !e.live || e.Manifest != man.Path || e.Dev != dev.Name {
			continue
		}
		a, err := ask(ctx, e.Control, controlRequest{Op: opEnvironment, ID: e.ID})
		if err == nil {
			return a.environment(), nil
		}
		if !errors.Is(err, fault.SessionNotFound) {
			return nil, err
		}
	}
	return m.ResolveOffline(ctx, man.Path, dev.Name)
}

// processEnv is the local command's environment: the user's own beneath the
// tiers.
func (s *Session) processEnv() []string {
	return s.env.Load().Local(os.Environ(), envfile.MergePolicy{})
}
