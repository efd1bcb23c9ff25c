package faults

import (
	"bufio"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/tandem-dev/tandem/e2e/harness"
)

// handing watches how the cluster passes on that a pod is ready: the EndpointSlice,
// which a controller writes, and the node's rules, which kube-proxy writes, at most
// once in minSyncPeriod (a second by default). Its goroutines end at stop.
type handing struct {
	t    *testing.T
	stop func()

	mu     sync.Mutex
	slices map[string]time.Time // by address: when an EndpointSlice said that it is ready
	rules  []rule
}

// rule is a line of `nft monitor` at the moment when it came.
type rule struct {
	at   time.Time
	text string
}

// watchHanding watches for the original's Service.
func (s *scene) watchHanding(n node) *handing {
	s.Helper()
	h := &handing{t: s.T, slices: map[string]time.Time{}}
	o := metav1.ListOptions{LabelSelector: discoveryv1.LabelServiceName + "=" + original}
	ctx, cancel := context.WithCancel(s.Context())
	w, err := s.ns.Cluster.DiscoveryV1().EndpointSlices(s.ns.Name).Watch(ctx, o)
	must(s, err)
	root, err := harness.Root()
	must(s, err)
	monitor := n.command(ctx, filepath.Join(root, "testbed", "cluster"), "node", "nft", "monitor")
	out, err := monitor.StdoutPipe()
	must(s, err)
	monitor.Stderr = os.Stderr
	// What enters the node's namespaces is a child of what is started.
	monitor.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	monitor.Cancel = func() error { return syscall.Kill(-monitor.Process.Pid, syscall.SIGKILL) }
	must(s, monitor.Start())
	var reading sync.WaitGroup
	reading.Go(func() { // ends with the watch, which ctx ends
		for e := range w.ResultChan() {
			if slice, ok := e.Object.(*discoveryv1.EndpointSlice); ok && e.Type != watch.Deleted {
				h.sliceIs(slice)
			}
		}
	})
	reading.Go(func() { // ends with the monitor, which ctx ends
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if text := lines.Text(); strings.Contains(text, " kube-proxy ") {
				h.mu.Lock()
				h.rules = append(h.rules, rule{time.Now(), text})
				h.mu.Unlock()
			}
		}
		_ = monitor.Wait() // killed
	})
	h.stop = func() {
		cancel()
		w.Stop()
		reading.Wait()
	}
	return h
}

func (h *handing) sliceIs(slice *discoveryv1.EndpointSlice) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, e := range slice.Endpoints {
		for _, address := range e.Addresses {
			if _, known := h.slices[address]; !known && e.Conditions.Ready != nil && *e.Conditions.Ready {
				h.slices[address] = time.Now()
			}
		}
	}
}

// handed is when the EndpointSlice had a pod, when the rules did, and how long
// before these kube-proxy had last written anything, of whatever Service. The name
// of a chain of kube-proxy's ends with NAMESPACE/SERVICE/tcp/PORT__ADDRESS/PORT.
func (h *handing) handed(pod corev1.Pod) (slice, rules time.Time, since time.Duration) {
	h.t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	slice = h.slices[pod.Status.PodIP]
	i := slices.IndexFunc(h.rules, func(r rule) bool {
		return strings.Contains(r.text, pod.Namespace+"/"+original+"/tcp/http__"+pod.Status.PodIP+"/")
	})
	if slice.IsZero() || i < 0 {
		h.t.Fatalf("pod %s at %s: in an EndpointSlice %v, in the rules %v", pod.Name, pod.Status.PodIP, !slice.IsZero(), i >= 0)
	}
	// The lines of one batch come together.
	const batch = 100 * time.Millisecond
	before := i
	for before > 0 && h.rules[i].at.Sub(h.rules[before].at) < batch {
		before--
	}
	return slice, h.rules[i].at, h.rules[i].at.Sub(h.rules[before].at)
}
