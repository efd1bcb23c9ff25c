package bench

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/tandem-dev/tandem/e2e/harness"
)

// sighting is one pod at the moment a watch told of it. The times in a pod's
// status have whole seconds, which is too coarse.
type sighting struct {
	at  time.Time
	pod *corev1.Pod
}

// pods is what a watch told of the pods of one workload, in order. One goroutine
// fills it until stop.
type pods struct {
	stop func()

	mu   sync.Mutex
	seen []sighting
}

// watchPods watches the pods with the label app=APP from now on.
func watchPods(ctx context.Context, ns *harness.Namespace, app string) (*pods, error) {
	o := metav1.ListOptions{LabelSelector: "app=" + app}
	list, err := ns.Cluster.CoreV1().Pods(ns.Name).List(ctx, o)
	if err != nil {
		return nil, err
	}
	o.ResourceVersion = list.ResourceVersion
	w, err := ns.Cluster.CoreV1().Pods(ns.Name).Watch(ctx, o)
	if err != nil {
		return nil, err
	}
	p := &pods{}
	done := make(chan struct{})
	go func() { // ends with the watch, which stop ends
		defer close(done)
		for e := range w.ResultChan() {
			if pod, ok := e.Object.(*corev1.Pod); ok && e.Type != watch.Deleted {
				p.mu.Lock()
				p.seen = append(p.seen, sighting{time.Now(), pod})
				p.mu.Unlock()
			}
		}
	}()
	p.stop = func() {
		w.Stop()
		<-done
	}
	return p, nil
}

// first is when a pod was first seen that is as asked for.
func (p *pods) first(what string, match func(*corev1.Pod) bool) (time.Time, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.IndexFunc(p.seen, func(s sighting) bool { return match(s.pod) })
	if i < 0 {
		return time.Time{}, fmt.Errorf("no pod was seen that is %s", what)
	}
	return p.seen[i].at, nil
}

func isDev(p *corev1.Pod) bool { return p.Labels[harness.DevLabel] != "" }

// runs says that the container of that name runs.
func runs(p *corev1.Pod, container string) bool {
	return slices.ContainsFunc(p.Status.ContainerStatuses, func(s corev1.ContainerStatus) bool {
		return s.Name == container && s.State.Running != nil
	})
}

// is says that a condition of the pod is true.
func is(p *corev1.Pod, condition corev1.PodConditionType) bool {
	return slices.ContainsFunc(p.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == condition && c.Status == corev1.ConditionTrue
	})
}
