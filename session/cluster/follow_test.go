package cluster

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/tandem-dev/tandem/internal/fault"
)

// TestStreamRenews plays a server that ends watches, forgets versions, fails and
// comes back, and writes down what a stream asks and tells.
func TestStreamRenews(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log []string
		note := func(format string, args ...any) { log = append(log, fmt.Sprintf(format, args...)) }
		pod := func(name, version string) *corev1.Pod {
			return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, ResourceVersion: version}}
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		// Each watch plays its part and ends; the last one ends the test.
		parts := []func(*watch.FakeWatcher) error{
			func(w *watch.FakeWatcher) error { w.Add(pod("a", "11")); w.Stop(); return nil },
			func(w *watch.FakeWatcher) error {
				w.Action(watch.Bookmark, pod("", "15"))
				w.Error(&metav1.Status{Code: 410, Reason: metav1.StatusReasonExpired})
				return nil
			},
			func(*watch.FakeWatcher) error { return errors.New("connection reset by peer") },
			func(*watch.FakeWatcher) error { return apierrors.NewResourceExpired("too old") },
			func(w *watch.FakeWatcher) error { w.Delete(pod("a", "31")); cancel(); return nil },
		}
		versions := []string{"10", "20", "30"}
		stream{
			request: call{resource: "pods", namespace: "shop"},
			renewed: func() <-chan struct{} { return nil }, // the same credentials all the time
			list: func(context.Context) (string, error) {
				v := versions[0]
				versions = versions[1:]
				note("list -> %s", v)
				return v, nil
			},
			watch: func(_ context.Context, o metav1.ListOptions) (watch.Interface, error) {
				note("watch from %s", o.ResourceVersion)
				w := watch.NewFakeWithChanSize(4, false)
				part := parts[0]
				parts = parts[1:]
				if err := part(w); err != nil {
					return nil, err
				}
				return w, nil
			},
			apply: func(kind watch.EventType, o runtime.Object) { note("%s %s", kind, o.(*corev1.Pod).Name) },
			lost:  func(err error) { note("lost: %s", fault.KindOf(err)) },
		}.run(ctx, "")
		synctest.Wait()
		want := []string{
			"list -> 10", "watch from 10", "lost: ", "ADDED a",
			"watch from 11", "lost: ",
			"list -> 20", "watch from 20", "lost: internal",
			"watch from 20",
			"list -> 30", "watch from 30", "lost: ",
		}
		if len(log) > len(want) && log[len(want)] == "DELETED a" {
			log = log[:len(want)] // seen or not: the context ended at the same moment
		}
		if diff := cmp.Diff(want, log); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	})
}

func TestStreamPausesLongerAndLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		defer cancel()
		tries := 0
		stream{
			list:  func(context.Context) (string, error) { tries++; return "", errors.New("down") },
			lost:  func(error) {},
			apply: func(watch.EventType, runtime.Object) {},

			renewed: func() <-chan struct{} { return nil },
		}.run(ctx, "")
		if tries < 20 || tries > 50 {
			t.Errorf("%d tries in five minutes", tries)
		}
	})
}
