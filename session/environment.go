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
	"github.com/tandem-dev/tandem/session/projection"
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
		pod = templatePod(w)
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
	s.run.madeOf = madeOf{input: in, forwarded: s.forwarded()}
	env, err := envfile.Resolve(in)
	if err != nil {
		return env, err
	}
	env, _ = envfile.RewriteHosts(env, s.run.madeOf.forwarded, s.cfg.RewriteHosts)
	return env, nil
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
	if err := s.settleEnv(env); err != nil {
		return err
	}
	return s.projectVolumes(ctx)
}

// settleEnv makes env the session's: it writes the files and shows it.
func (s *Session) settleEnv(env *envfile.Environment) error {
	dialects := s.request.Files
	if len(dialects) == 0 {
		dialects = defaultDialects
	}
	var files []EnvFile
	warnings := slices.Clone(env.Warnings)
	chosen := env.Chosen(s.cfg.Local)
	for _, d := range s.added.after(dialects) {
		f, err := envfile.WriteFile(s.prepared.envDir, s.prepared.dev.Name, chosen, d)
		if err != nil {
			return err
		}
		files = append(files, EnvFile{Dialect: string(d), Path: f.Path})
		for _, u := range f.Undeliverable {
			warnings = append(warnings, envfile.Warning{Code: "undeliverable", Variable: u.Name,
				Message: fmt.Sprintf("%s is not in the %s file: %s", u.Name, d, u.Reason)})
		}
	}
	made := s.run.madeOf
	s.madeOf.Store(&made)
	s.env.Store(env)
	s.change(func(snap *Snapshot) {
		snap.Env = Env{Files: files, Count: len(env.Vars), Hash: env.Hash(), Warnings: warnings}
	})
	return nil
}

// removeFiles deletes what resolve wrote, unless it is to stay.
func (s *Session) removeFiles() error {
	if s.env.Load() == nil || s.request.KeepFiles {
		return nil
	}
	if s.run.volumes != nil {
		if err := projection.Remove(s.prepared.envDir, s.prepared.dev.Name); err != nil {
			return err
		}
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
// beside the session's other files: as these it is rewritten when the
// environment changes, and removed with the session.
func (m *Manager) WriteEnv(id string, d envfile.Dialect, path string) (envfile.File, error) {
	s, err := m.session(id)
	if err != nil {
		return envfile.File{}, err
	}
	env, err := m.Environment(id)
	if err != nil {
		return envfile.File{}, err
	}
	env = env.Chosen(s.cfg.Local)
	if path != "" {
		return envfile.WritePath(path, env, d)
	}
	f, err := envfile.WriteFile(s.prepared.envDir, s.prepared.dev.Name, env, d)
	if err == nil {
		s.added.add(d)
	}
	return f, err
}

// ResolveAny is the environment of the dev's running session, whichever process
// of this user owns it, else the offline one.
func (m *Manager) ResolveAny(ctx context.Context, manifestPath, devName string) (*envfile.Environment, error) {
	a, path, devName, err := m.askOwner(ctx, manifestPath, devName, controlRequest{Op: opEnvironment})
	switch {
	case err != nil:
		return nil, err
	case a == nil:
		return m.ResolveOffline(ctx, path, devName)
	}
	return a.environment(), nil
}

// askOwner asks the process that runs the dev's session; nil where none runs.
// It returns the manifest and the dev that were found.
func (m *Manager) askOwner(ctx context.Context, manifestPath, devName string, r controlRequest) (*controlAnswer, string, string, error) {
	man, dev, err := loadDev(manifestPath, "", devName)
	if err != nil {
		return nil, "", "", err
	}
	entries, err := m.journal.entries()
	if err != nil {
		m.cfg.Logger.Warn().Err(err).Msg("reading the journal")
	}
	for _, e := range entries {
		if !e.live || e.Manifest != man.Path || e.Dev != dev.Name {
			continue
		}
		r.ID = e.ID
		a, err := ask(ctx, e.Control, r)
		if err == nil {
			return &a, man.Path, dev.Name, nil
		}
		if !errors.Is(err, fault.SessionNotFound) {
			return nil, "", "", err
		}
	}
	return nil, man.Path, dev.Name, nil
}

// processEnv is the local command's environment: the user's own beneath the
// tiers.
func (s *Session) processEnv() []string {
	return s.env.Load().Local(os.Environ(), s.cfg.Local)
}
