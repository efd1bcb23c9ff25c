package cluster

import (
	"context"
	"maps"
	"slices"
	"sync"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/tandem-dev/tandem/envfile"
	"github.com/tandem-dev/tandem/internal/fault"
)

// Followed keeps the objects that an environment was made from as they now
// stand: each ConfigMap and Secret that the container refers to, and the
// original itself. Every object has a watch of its own, by name, so that a Role
// need not allow more than the container itself uses and no other Secret ever
// reaches this machine. One goroutine per watch feeds it until Close; a watch
// that is forbidden ends for good and is listed in Blind.
type Followed struct {
	cancel  context.CancelFunc
	done    sync.WaitGroup
	changed chan struct{}

	mu         sync.Mutex // guards what follows
	configMaps map[string]*corev1.ConfigMap
	secrets    map[string]*corev1.Secret
	workload   *Workload
	blind      []error
}

// FollowSources starts to follow from what [Cluster.Find] and
// [Cluster.Sources] returned. It makes no request of its own but the watches.
func (c *Cluster) FollowSources(w *Workload, refs envfile.Refs, configMaps map[string]*corev1.ConfigMap, secrets map[string]*corev1.Secret) *Followed {
	ctx, cancel := context.WithCancel(context.Background()) // ended by Close
	f := &Followed{
		cancel: cancel, changed: make(chan struct{}, 1),
		configMaps: maps.Clone(configMaps), secrets: maps.Clone(secrets), workload: w,
	}
	for _, name := range distinct(refs.ConfigMaps) {
		api := c.core.ConfigMaps(w.Namespace)
		followNamed(ctx, f, named[*corev1.ConfigMap]{
			renewed: c.renewed,
			request: call{resource: "configmaps", namespace: w.Namespace, name: name},
			first:   configMaps[name], get: api.Get, watch: api.Watch,
			set: func(m *corev1.ConfigMap) bool { return put(f.configMaps, name, m) },
		})
	}
	for _, name := range distinct(refs.Secrets) {
		api := c.core.Secrets(w.Namespace)
		followNamed(ctx, f, named[*corev1.Secret]{
			renewed: c.renewed,
			request: call{resource: "secrets", namespace: w.Namespace, name: name},
			first:   secrets[name], get: api.Get, watch: api.Watch,
			set: func(s *corev1.Secret) bool { return put(f.secrets, name, s) },
		})
	}
	c.followOriginal(ctx, f, w)
	return f
}

// put keeps an object, or that there is none.
func put[T any](m map[string]*T, name string, object *T) (changed bool) {
	if object == nil {
		delete(m, name)
		return true
	}
	m[name] = object
	return true
}

// Changed has a token after something has changed; it stands for any number of
// changes.
func (f *Followed) Changed() <-chan struct{} { return f.changed }

// Look is everything as last seen. The objects are shared and not to be changed.
func (f *Followed) Look() (w *Workload, configMaps map[string]*corev1.ConfigMap, secrets map[string]*corev1.Secret) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.workload, maps.Clone(f.configMaps), maps.Clone(f.secrets)
}

// Blind says what may not be watched, so that its changes go unseen.
func (f *Followed) Blind() []error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.blind)
}

// Close ends the watches and waits for their goroutines; nil is allowed.
func (f *Followed) Close() {
	if f != nil {
		f.cancel()
		f.done.Wait()
	}
}

// update changes the state and leaves a token where something has changed.
func (f *Followed) update(change func() bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !change() {
		return
	}
	select {
	case f.changed <- struct{}{}:
	default:
	}
}

// object is what the API's typed clients return.
type object interface {
	comparable
	metav1.Object
	runtime.Object
}

// named is one object that is followed by its name.
type named[T object] struct {
	request call
	first   T // as it was read, nil where it was not there
	get     func(context.Context, string, metav1.GetOptions) (T, error)
	watch   func(context.Context, metav1.ListOptions) (watch.Interface, error)
	// set keeps what there is now, nil where it was deleted, and says whether
	// that matters to anybody; it is called with f.mu held.
	set func(T) bool
	// renewed is as in stream.
	renewed func() <-chan struct{}
}

// followNamed starts the goroutine that follows one object.
func followNamed[T object](ctx context.Context, f *Followed, n named[T]) {
	var none T
	version := "0" // the present state first, whatever it is: there is no version to go on from
	seen := ""
	if n.first != none {
		version, seen = n.first.GetResourceVersion(), n.first.GetResourceVersion()
	}
	keep := func(now T) {
		f.update(func() bool {
			version := ""
			if now != none {
				version = now.GetResourceVersion()
			}
			if version == seen {
				return false
			}
			seen = version
			return n.set(now)
		})
	}
	ctx, stop := context.WithCancel(ctx)
	s := stream{
		request: n.request,
		renewed: n.renewed,
		list: func(ctx context.Context) (string, error) {
			now, err := n.get(ctx, n.request.name, metav1.GetOptions{})
			switch {
			case apierrors.IsNotFound(err):
				keep(none)
				return "0", nil
			case err != nil:
				return "", err
			}
			keep(now)
			return now.GetResourceVersion(), nil
		},
		watch: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			o.FieldSelector = fields.OneTermEqualSelector(metav1.ObjectNameField, n.request.name).String()
			return n.watch(ctx, o)
		},
		apply: func(kind watch.EventType, o runtime.Object) {
			if now, ok := o.(T); ok && kind == watch.Deleted {
				keep(none)
			} else if ok {
				keep(now)
			}
		},
		lost: func(err error) {
			if fault.KindOf(err) != fault.PermissionDenied {
				return
			}
			f.update(func() bool {
				f.blind = append(f.blind, err)
				return true
			})
			stop()
		},
	}
	f.done.Go(func() {
		defer stop()
		s.run(ctx, version)
	})
}

// followOriginal follows what the original's spec says; its status, which
// changes all the time, does not count.
func (c *Cluster) followOriginal(ctx context.Context, f *Followed, w *Workload) {
	generation := w.Generation
	set := func(now *Workload) bool {
		if now == nil || now.UID != w.UID || now.Generation == generation {
			return false
		}
		generation = now.Generation
		now.Container = w.Container
		f.workload = now
		return true
	}
	request := call{resource: resource(w.Kind) + ".apps", namespace: w.Namespace, name: w.Name}
	if w.Kind == KindStatefulSet {
		api := c.apps.StatefulSets(w.Namespace)
		followNamed(ctx, f, named[*appsv1.StatefulSet]{renewed: c.renewed, request: request, get: api.Get, watch: api.Watch,
			set: func(s *appsv1.StatefulSet) bool { return set(mapped(s, fromStatefulSet)) }})
		return
	}
	api := c.apps.Deployments(w.Namespace)
	followNamed(ctx, f, named[*appsv1.Deployment]{renewed: c.renewed, request: request, get: api.Get, watch: api.Watch,
		set: func(d *appsv1.Deployment) bool { return set(mapped(d, fromDeployment)) }})
}

func mapped[T any](object *T, f func(*T) *Workload) *Workload {
	if object == nil {
		return nil
	}
	return f(object)
}
