package faults

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/tandem-dev/tandem/e2e/harness"
)

var (
	full   = flag.Bool("full", false, "measure how long recovery takes and print the table")
	update = flag.Bool("update", false, "with -full: write the table into docs/benchmarks.md")
	rounds = flag.Int("rounds", 5, "runs of each recovery that is measured")
)

// figure is one line of the table: what is measured, what it should be, and what the
// best peer does (measured elsewhere, on a machine of the same size).
type figure struct {
	name, peer string
	goal       time.Duration
	runs       []time.Duration
}

func (f figure) String() string {
	sorted := slices.Sorted(slices.Values(f.runs))
	if len(sorted) == 0 {
		return fmt.Sprintf("| %s | not measured | %s | | %s |", f.name, f.goal, f.peer)
	}
	median := sorted[len(sorted)/2]
	verdict := "kept"
	if median > f.goal {
		verdict = "**not reached**"
	}
	return fmt.Sprintf("| %s | %.2f (%.2f–%.2f) | %.1f | %s | %s |", f.name, median.Seconds(), sorted[0].Seconds(), sorted[len(sorted)-1].Seconds(),
		f.goal.Seconds(), verdict, f.peer)
}

// TestRecovery is a part of `make bench`: how long it takes until traffic flows again.
func TestRecovery(t *testing.T) {
	if !*full {
		t.Skip("the measurement takes minutes: make bench")
	}
	figures := []*figure{
		{name: "connection to the API server reset: traffic flows again, both ways", goal: time.Second, peer: "44 to 50, local process killed"},
		{name: "dev pod deleted: traffic flows again, both ways, after the new pod is ready", goal: 500 * time.Millisecond, peer: "35, local process killed"},
		{name: "· through the forward alone, where no kube-proxy has to write its rules first", goal: 500 * time.Millisecond, peer: ""},
		{name: "`kill -9` of the server: the original serves again (one run)", goal: time.Minute, peer: "never; the next start fails"},
	}
	cut, lost, forward, killed := figures[0], figures[1], figures[2], figures[3]
	var handings []handover

	n := needNode(t)
	r := newRelay(t)
	s := newSceneWith(t, options{fault: "recovery, measured; in the end a SIGKILL", kubeconfig: r.kubeconfig, podDies: true})
	for range *rounds {
		s.row.recovered = 0
		s.struck = r.cut()
		cut.runs = append(cut.runs, s.awaitFlow(harness.Patience))
	}
	for range *rounds {
		pod := s.devPod()
		ready := s.watchReady(pod)
		h := s.watchHanding(n)
		now := int64(0)
		must(t, s.ns.Cluster.CoreV1().Pods(s.ns.Name).Delete(t.Context(), pod.Name, metav1.DeleteOptions{GracePeriodSeconds: &now}))
		s.struck = ready()
		flows := s.awaitFlow(harness.Patience)
		lost.runs = append(lost.runs, flows)
		h.stop()
		slice, rules, earlier := h.handed(s.devPod())
		handings = append(handings, handover{slice: slice.Sub(s.struck), rules: rules.Sub(s.struck), since: earlier, flows: flows})
		out, err := s.askLocal(t.Context(), http.MethodGet, "account")
		must(t, err)
		since := out.Steady
		if out.StreamSteady.After(since) {
			since = out.StreamSteady
		}
		forward.runs = append(forward.runs, max(0, since.Sub(s.struck)))
	}
	s.strike(func() { s.c.Signal(syscall.SIGKILL) })
	s.c.Exit()
	killed.runs = append(killed.runs, s.awaitGivenBack(killLimit))
	s.endLoad(false)
	s.requireNothingLeft()

	var b strings.Builder
	fmt.Fprintf(&b, "\nSeconds; medians of %d runs, with the least and the greatest in brackets; %s.\n\n", *rounds, time.Now().UTC().Format(time.DateOnly))
	b.WriteString("| | measured | goal | | Okteto 3.22 (measured elsewhere) |\n| --- | --- | --- | --- | --- |\n")
	for _, f := range figures {
		b.WriteString(f.String() + "\n")
	}
	b.WriteString(handoverTable(handings))
	fmt.Println(b.String())
	if *update {
		writeRecovery(t, b.String())
	}
}

// handover is one new dev pod on its way to its callers; each time is since the pod
// was seen to be ready.
type handover struct {
	slice, rules, flows time.Duration
	since               time.Duration // from the rules that were written before
}

// handoverTable has a line for each pod that was deleted.
func handoverTable(all []handover) string {
	var b strings.Builder
	b.WriteString("\nThe second line, run by run, from the moment the new pod is ready:\n\n" +
		"| run | the EndpointSlice has it | kube-proxy has written its rules | written before that | traffic flows, both ways | of that not kube-proxy's |\n| --- | --- | --- | --- | --- | --- |\n")
	for i, h := range all {
		fmt.Fprintf(&b, "| %d | %.2f | %.2f | %.2f ago | %.2f | %.2f |\n", i+1, h.slice.Seconds(), h.rules.Seconds(), h.since.Seconds(), h.flows.Seconds(),
			max(0, h.flows-h.rules+h.slice).Seconds())
	}
	return b.String()
}

// watchReady watches for the pod after this one; what it returns waits for it to be
// ready and tells when it was.
func (s *scene) watchReady(old corev1.Pod) func() time.Time {
	s.Helper()
	pods := s.ns.Cluster.CoreV1().Pods(s.ns.Name)
	o := metav1.ListOptions{LabelSelector: harness.DevLabel}
	list, err := pods.List(s.Context(), o)
	must(s, err)
	o.ResourceVersion = list.ResourceVersion
	ctx, cancel := context.WithTimeout(s.Context(), time.Minute)
	w, err := pods.Watch(ctx, o)
	must(s, err)
	seen := make(chan time.Time, 1)
	var reading sync.WaitGroup
	reading.Go(func() { // ends with the watch, which ctx ends
		for e := range w.ResultChan() {
			pod, ok := e.Object.(*corev1.Pod)
			if !ok || e.Type == watch.Deleted || pod.UID == old.UID {
				continue
			}
			if slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
				return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
			}) {
				seen <- time.Now()
				return
			}
		}
	})
	return func() time.Time {
		s.Helper()
		defer reading.Wait()
		defer w.Stop()
		defer cancel()
		select {
		case at := <-seen:
			return at
		case <-ctx.Done():
			s.Fatalf("no new pod is ready")
			return time.Time{}
		}
	}
}

// The markers between which docs/benchmarks.md has the table.
const (
	recoveryBegin = "<!-- recovery: make bench ARGS=-update -->\n"
	recoveryEnd   = "<!-- end of recovery -->"
)

func writeRecovery(t *testing.T, text string) {
	t.Helper()
	root, err := harness.Root()
	must(t, err)
	page := filepath.Join(root, "docs", "benchmarks.md")
	content, err := os.ReadFile(page)
	must(t, err)
	before, rest, ok := strings.Cut(string(content), recoveryBegin)
	_, after, ok2 := strings.Cut(rest, recoveryEnd)
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the recovery", page)
	}
	must(t, os.WriteFile(page, []byte(before+recoveryBegin+text+recoveryEnd+after), 0o644))
}
