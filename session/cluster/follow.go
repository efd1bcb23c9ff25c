package cluster

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/tandem-dev/tandem/internal/fault"
)

// follower keeps what the two watches of a diversion last saw: the pods that
// the original's selector matches (the original's and, because it keeps their
// labels, the dev pod) and the dev Deployment. Two goroutines, one per watch,
// feed it until close.
type follower struct {
	record Record
	cancel context.CancelFunc
	done   sync.WaitGroup

	mu      sync.Mutex // guards what follows
	changed chan struct{}
	listed  bool // the pods are complete
	pods    map[types.UID]*corev1.Pod
	dev     *appsv1.Deployment // nil while deleted
	takenBy string             // who announced to take the workload over
	lost    error              // why the watches cannot be had right now
}

// view is one consistent look at a follower.
type view struct {
	record  Record
	listed  bool
	pods    []*corev1.Pod
	dev     *appsv1.Deployment
	lost    error
	changed <-chan struct{} // closed at the next change
}

func newFollower(r Record) *follower {
	return &follower{record: r, changed: make(chan struct{}), pods: map[types.UID]*corev1.Pod{}, cancel: func() {}}
}

func (c *Cluster) startFollowing(r Record, selector *metav1.LabelSelector, dev *appsv1.Deployment) *follower {
	f := newFollower(r)
	f.dev = dev
	ctx, cancel := context.WithCancel(context.Background()) // ended by close
	f.cancel = cancel
	f.done.Go(func() { c.followPods(ctx, f, selector) })
	f.done.Go(func() { c.followDeployment(ctx, f, dev) })
	return f
}

func (f *follower) close() {
	f.cancel()
	f.done.Wait()
}

func (f *follower) look() view {
	f.mu.Lock()
	defer f.mu.Unlock()
	v := view{record: f.record, listed: f.listed, dev: f.dev, lost: f.lost, changed: f.changed}
	for _, p := range f.pods {
		v.pods = append(v.pods, p)
	}
	return v
}

// update changes the state under the lock and wakes who waits.
func (f *follower) update(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
	close(f.changed)
	f.changed = make(chan struct{})
}

func (c *Cluster) followPods(ctx context.Context, f *follower, s *metav1.LabelSelector) {
	selector, err := metav1.LabelSelectorAsSelector(s)
	if err != nil { // the API server validated it
		selector = labels.Nothing()
	}
	pods := c.core.Pods(f.record.Namespace)
	stream{
		request: call{resource: "pods", namespace: f.record.Namespace},
		list: func(ctx context.Context) (string, error) {
			list, err := pods.List(ctx, metav1.ListOptions{LabelSelector: selector.String()})
			if err != nil {
				return "", err
			}
			f.update(func() {
				clear(f.pods)
				for i := range list.Items {
					f.pods[list.Items[i].UID] = &list.Items[i]
				}
				f.listed = true
			})
			return list.ResourceVersion, nil
		},
		watch: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			o.LabelSelector = selector.String()
			return pods.Watch(ctx, o)
		},
		apply: func(kind watch.EventType, object runtime.Object) {
			pod, ok := object.(*corev1.Pod)
			if !ok {
				return
			}
			f.update(func() {
				if kind == watch.Deleted {
					delete(f.pods, pod.UID)
				} else {
					f.pods[pod.UID] = pod
				}
			})
		},
		lost:    func(err error) { f.update(func() { f.lost = err }) },
		renewed: c.renewed,
	}.run(ctx, "")
}

func (c *Cluster) followDeployment(ctx context.Context, f *follower, dev *appsv1.Deployment) {
	deployments, name := c.apps.Deployments(f.record.Namespace), f.record.Deployment
	ours := func(d *appsv1.Deployment) *appsv1.Deployment {
		if d.Labels[DevLabel] != f.record.Token {
			return nil
		}
		return d
	}
	stream{
		request: call{resource: "deployments.apps", namespace: f.record.Namespace, name: name},
		list: func(ctx context.Context) (string, error) {
			d, err := deployments.Get(ctx, name, metav1.GetOptions{})
			if apierrors.IsNotFound(err) {
				f.update(func() { f.dev = nil })
				return "0", nil
			}
			if err != nil {
				return "", err
			}
			f.update(func() { f.dev = ours(d) })
			return d.ResourceVersion, nil
		},
		watch: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			o.FieldSelector = fields.OneTermEqualSelector(metav1.ObjectNameField, name).String()
			return deployments.Watch(ctx, o)
		},
		apply: func(kind watch.EventType, object runtime.Object) {
			d, ok := object.(*appsv1.Deployment)
			if !ok {
				return
			}
			f.update(func() {
				if f.dev = ours(d); f.dev != nil && d.Annotations[takenOverAnnotation] != "" {
					f.takenBy = d.Annotations[takenOverAnnotation]
				}
				if kind == watch.Deleted {
					f.dev = nil
				}
			})
		},
		lost:    func(err error) { f.update(func() { f.lost = err }) },
		renewed: c.renewed,
	}.run(ctx, dev.ResourceVersion) // the object in hand is the list
}

// stream is a list that is kept up to date by watches.
type stream struct {
	request call
	list    func(context.Context) (resourceVersion string, err error)
	watch   func(context.Context, metav1.ListOptions) (watch.Interface, error)
	apply   func(watch.EventType, runtime.Object)
	lost    func(error) // nil once it works again
	// renewed is closed when there are new credentials, with which a pause is over.
	renewed func() <-chan struct{}
}

// The pause between two failed attempts doubles from first to last.
const (
	firstPause = 500 * time.Millisecond
	lastPause  = 15 * time.Second
)

// run lists and watches until ctx ends. The API server ends a watch after some
// minutes: it is renewed from the last version seen, and only when that version
// is too old for the server (410) everything is listed again.
func (s stream) run(ctx context.Context, version string) {
	pause := firstPause
	for ctx.Err() == nil {
		err := s.once(ctx, &version, func() {
			pause = firstPause
			s.lost(nil)
		})
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			continue // the server ended the watch as it does every few minutes
		case apierrors.IsResourceExpired(err) || apierrors.IsGone(err):
			version = ""
			continue
		}
		renewed := s.renewed()
		s.lost(err)
		timer := time.NewTimer(pause/2 + rand.N(pause/2))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-renewed:
			timer.Stop()
			pause = firstPause
			continue
		case <-timer.C:
		}
		pause = min(2*pause, lastPause)
	}
}

// once lists if need be and reads one watch to its end. Version is kept at what
// was seen last.
func (s stream) once(ctx context.Context, version *string, works func()) error {
	if *version == "" {
		v, err := s.list(ctx)
		if err != nil {
			s.request.verb = "list"
			return s.request.failed(err)
		}
		*version = v
	}
	s.request.verb = "watch"
	w, err := s.watch(ctx, metav1.ListOptions{ResourceVersion: *version, AllowWatchBookmarks: true})
	if err != nil {
		if apierrors.IsResourceExpired(err) || apierrors.IsGone(err) {
			return err
		}
		return s.request.failed(err)
	}
	defer w.Stop()
	works()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case event, open := <-w.ResultChan():
			if !open {
				return nil
			}
			if event.Type == watch.Error {
				err := apierrors.FromObject(event.Object)
				var status apierrors.APIStatus
				if errors.As(err, &status) && status.Status().Code == http.StatusGone {
					return err
				}
				return s.request.failed(err)
			}
			if m, err := meta.Accessor(event.Object); err == nil && m.GetResourceVersion() != "" {
				*version = m.GetResourceVersion()
			}
			if event.Type != watch.Bookmark {
				s.apply(event.Type, event.Object)
			}
		}
	}
}

// permanent tells failures of a watch that waiting does not heal.
func permanent(err error) bool {
	kind := fault.KindOf(err)
	return kind == fault.PermissionDenied || kind == fault.CredentialsExpired
}
