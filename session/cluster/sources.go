package cluster

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tandem-dev/tandem/envfile"
	"github.com/tandem-dev/tandem/internal/fault"
)

// Sources reads the ConfigMaps and Secrets that a container's environment
// refers to, each once, at the same time. What does not exist is absent from
// the maps: whether that matters is for the resolution to say. What may not be
// read fails the call with one fault.PermissionDenied that names all of it.
func (c *Cluster) Sources(ctx context.Context, refs envfile.Refs) (map[string]*corev1.ConfigMap, map[string]*corev1.Secret, error) {
	s := c.readSources(ctx, refs)
	var failures []error
	for _, f := range s.failures {
		failures = append(failures, f.err)
	}
	if err := oneFailure(failures, c.namespace); err != nil {
		return nil, nil, err
	}
	return s.configMaps, s.secrets, nil
}

// ReadableSources is Sources for who can do without some: what may not be read
// comes back with the reason, and fails nothing.
func (c *Cluster) ReadableSources(ctx context.Context, refs envfile.Refs) (configMaps map[string]*corev1.ConfigMap,
	secrets map[string]*corev1.Secret, unreadable map[envfile.ObjectID]string, err error) {
	s := c.readSources(ctx, refs)
	unreadable = map[envfile.ObjectID]string{}
	for _, f := range s.failures {
		failure, ok := errors.AsType[*fault.Error](f.err)
		if !ok || failure.Kind != fault.PermissionDenied {
			return nil, nil, nil, f.err
		}
		unreadable[envfile.ObjectID{Kind: f.kind, Name: f.name}] = failure.Message
	}
	return s.configMaps, s.secrets, unreadable, nil
}

// sourcesRead is the result of many reads; failures are those of any kind but
// "not found".
type sourcesRead struct {
	configMaps map[string]*corev1.ConfigMap
	secrets    map[string]*corev1.Secret
	failures   []sourceFailure
}

type sourceFailure struct {
	kind, name string
	err        error
}

func (c *Cluster) readSources(ctx context.Context, refs envfile.Refs) sourcesRead {
	var (
		mu   sync.Mutex // guards read
		read = sourcesRead{configMaps: map[string]*corev1.ConfigMap{}, secrets: map[string]*corev1.Secret{}}
		wait sync.WaitGroup
	)
	note := func(kind, resource, name string, err error, keep func()) {
		mu.Lock()
		defer mu.Unlock()
		switch {
		case err == nil:
			keep()
		case !apierrors.IsNotFound(err):
			err = call{verb: "get", resource: resource, namespace: c.namespace, name: name}.failed(err)
			read.failures = append(read.failures, sourceFailure{kind, name, err})
		}
	}
	for _, name := range distinct(refs.ConfigMaps) {
		wait.Go(func() { // one request, joined below
			m, err := c.core.ConfigMaps(c.namespace).Get(ctx, name, metav1.GetOptions{})
			note(envfile.KindConfigMap, "configmaps", name, err, func() { read.configMaps[name] = m })
		})
	}
	for _, name := range distinct(refs.Secrets) {
		wait.Go(func() {
			s, err := c.core.Secrets(c.namespace).Get(ctx, name, metav1.GetOptions{})
			note(envfile.KindSecret, "secrets", name, err, func() { read.secrets[name] = s })
		})
	}
	wait.Wait()
	return read
}

func distinct(refs []envfile.Ref) []string {
	names := make([]string, len(refs))
	for i, r := range refs {
		names[i] = r.Name
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// oneFailure reports the failures of parallel reads as one: the first that is
// no matter of permissions, else all that may not be read.
func oneFailure(failures []error, namespace string) error {
	var missing []string
	for _, err := range failures {
		f, ok := errors.AsType[*fault.Error](err)
		if !ok || f.Kind != fault.PermissionDenied {
			return err
		}
		missing = append(missing, f.Message)
	}
	if len(missing) == 0 {
		return nil
	}
	slices.Sort(missing)
	return fault.New(fault.PermissionDenied, "%s", strings.Join(missing, "; ")).
		Hint("the environment of the container is made from them: ask for a Role that allows get on them in namespace %q", namespace).
		With("missing", missing)
}
