package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"

	"k8s.io/utils/ptr"

	"github.com/tandem-dev/tandem/internal/fault"
)

// Pod is the dev pod as it was when an Await call returned it.
type Pod struct {
	Namespace, Name, Node, IP string
	UID                       string
	// Object is the whole pod; shared, not to be changed.
	Object *corev1.Pod
}

// Progress is told, in words, how far the dev container has come; once per
// change. It must not block. Nil is allowed.
type Progress func(message string)

// AwaitRunning returns when the agent runs in the newest dev pod, so that Dial
// can reach it. It may be called again after a pod was lost and then returns
// the pod that followed it. Whatever keeps the container from running is an
// error as soon as it is certain, with a kind that says what to do: see
// explain.go. The end of ctx is fault.Timeout or fault.Cancelled with what was
// seen last.
func (c *Cluster) AwaitRunning(ctx context.Context, d *Diversion, progress Progress) (Pod, error) {
	return c.awaitPod(ctx, d, progress, targetRunning)
}

// AwaitStarting returns when the agent runs in the newest dev pod, as AwaitRunning
// does, or when the node is about to start it: the node reports that the init
// containers are done as it goes on to the next, but that a container runs only
// when it looks again, up to a second later (the kubelet's pod lifecycle event
// generator). A Dial may then be a little too early.
func (c *Cluster) AwaitStarting(ctx context.Context, d *Diversion, progress Progress) (Pod, error) {
	return c.awaitPod(ctx, d, progress, starting)
}

// Runs says whether the newest dev pod's agent is known to run, without a wait.
func (c *Cluster) Runs(d *Diversion) bool {
	v := d.follow.look()
	pod := v.devPod()
	return pod != nil && targetRunning(v.record, pod)
}

// AwaitReady returns when the dev pod is ready: the agent has bound every
// reverse port and the sidecars' own probes pass. Somebody has to open the
// reverses meanwhile.
func (c *Cluster) AwaitReady(ctx context.Context, d *Diversion, progress Progress) (Pod, error) {
	return c.awaitPod(ctx, d, progress, func(_ Record, p *corev1.Pod) bool { return ready(p) })
}

// AwaitDrained returns when every pod of the original is gone or on its way
// out: from then on the Services lead to the dev pod alone.
func (c *Cluster) AwaitDrained(ctx context.Context, d *Diversion, progress Progress) error {
	for last := ""; ; {
		v := d.follow.look()
		left := len(v.originals())
		if v.listed && left == 0 {
			return nil
		}
		last = tell(progress, last, fmt.Sprintf("waiting for %d pods of %s to leave", left, d.Record.Name))
		if permanent(v.lost) {
			return v.lost
		}
		select {
		case <-v.changed:
		case <-ctx.Done():
			return ended(ctx, last, v.lost)
		}
	}
}

// tell reports a message that differs from the last one.
func tell(progress Progress, last, message string) string {
	if message != last && message != "" && progress != nil {
		progress(message)
	}
	return message
}

// ended says why a wait was over, and what was seen last.
func ended(ctx context.Context, last string, lost error) error {
	cause := context.Cause(ctx)
	if errors.Is(ctx.Err(), context.Canceled) {
		return fault.Wrap(cause, fault.Cancelled, "while %s", last)
	}
	if lost != nil {
		return fault.Wrap(lost, fault.ClusterUnreachable, "time ran out while %s", last).Hint("%s", fault.HintOf(lost))
	}
	return fault.Wrap(cause, fault.Timeout, "time ran out while %s", last).
		Hint("`timeout` in the manifest allows for more; `kubectl describe pod` tells what the node is doing")
}

// stalled is how long a pod may show no progress before its events are read.
const stalled = 5 * time.Second

// awaitPod follows the dev pod until done says so or it certainly fails.
func (c *Cluster) awaitPod(ctx context.Context, d *Diversion, progress Progress, done func(Record, *corev1.Pod) bool) (Pod, error) {
	var (
		last     string                   // the phase told last
		since    = map[string]time.Time{} // when a finding was first seen, by its key
		moved    = time.Now()             // when the phase changed
		lookedAt string                   // the phase for which events were read
		scaling  bool                     // the cluster's autoscaler makes room
	)
	for {
		v := d.follow.look()
		pod := v.devPod()
		if pod != nil && done(v.record, pod) {
			return podOf(pod), nil
		}
		if permanent(v.lost) {
			return Pod{}, v.lost
		}
		phase, found := examine(v, pod)
		if phase != last {
			moved = time.Now()
		}
		last = tell(progress, last, phase)

		wake := time.Duration(-1) // how long until something is due without a change
		if found == nil {
			clear(since)
		} else {
			if _, seen := since[found.key]; !seen {
				clear(since) // another trouble, another patience
				since[found.key] = time.Now()
			}
			if wake = found.patience - time.Since(since[found.key]); scaling && found.unschedulable {
				wake = -1
			} else if wake <= 0 {
				if found.unschedulable && c.autoscaling(ctx, pod) {
					scaling = true
					tell(progress, "", "waiting for the cluster to add a node")
					continue
				}
				return Pod{}, c.withLog(ctx, found, pod)
			}
		}
		if found == nil && pod != nil && pod.Spec.NodeName != "" && lookedAt != phase {
			due := stalled - time.Since(moved)
			if due <= 0 {
				lookedAt = phase
				if err := c.eventsExplain(ctx, pod); err != nil {
					return Pod{}, err
				}
				continue
			}
			wake = due
		}
		if err := sleep(ctx, v.changed, wake); err != nil {
			return Pod{}, ended(ctx, last, v.lost)
		}
	}
}

// sleep returns at the next change, after the time if that is not negative, or
// with an error when ctx ends.
func sleep(ctx context.Context, changed <-chan struct{}, after time.Duration) error {
	var due <-chan time.Time
	if after >= 0 {
		timer := time.NewTimer(after)
		defer timer.Stop()
		due = timer.C
	}
	select {
	case <-changed:
		return nil
	case <-due:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func podOf(p *corev1.Pod) Pod {
	return Pod{Namespace: p.Namespace, Name: p.Name, Node: p.Spec.NodeName, IP: p.Status.PodIP, UID: string(p.UID), Object: p}
}

// withLog adds the end of the crashed container's log: one request, and none of
// its failures matters.
func (c *Cluster) withLog(ctx context.Context, f *finding, pod *corev1.Pod) error {
	if f.logOf == "" || pod == nil {
		return f.err
	}
	const lines, most = 10, 4 << 10
	body, err := c.core.Pods(pod.Namespace).GetLogs(pod.Name, &corev1.PodLogOptions{
		Container: f.logOf, Previous: f.previous, TailLines: ptr.To[int64](lines), LimitBytes: ptr.To[int64](most),
	}).Stream(ctx)
	if err != nil {
		return f.err
	}
	defer body.Close()
	text, err := io.ReadAll(io.LimitReader(body, most))
	if tail := strings.TrimSpace(string(text)); err == nil && tail != "" {
		f.err.With("log", tail)
		f.err.Message += ": " + lastLine(tail)
	}
	return f.err
}

func lastLine(text string) string {
	return text[strings.LastIndexByte(text, '\n')+1:]
}

// events reads what was reported about one pod, oldest first. Who may not read
// events gets none: they only make explanations better.
func (c *Cluster) events(ctx context.Context, pod *corev1.Pod) []corev1.Event {
	list, err := c.core.Events(pod.Namespace).List(ctx, metav1.ListOptions{
		FieldSelector: fields.OneTermEqualSelector("involvedObject.uid", string(pod.UID)).String(),
	})
	if err != nil {
		return nil
	}
	return list.Items
}

// autoscaling asks whether the cluster autoscaler is about to add a node.
func (c *Cluster) autoscaling(ctx context.Context, pod *corev1.Pod) bool {
	for _, e := range c.events(ctx, pod) {
		if e.Reason == "TriggeredScaleUp" {
			return true
		}
	}
	return false
}

// eventsExplain looks for what keeps a scheduled pod from starting and shows in
// no status: volumes that cannot be mounted, a sandbox that cannot be made.
func (c *Cluster) eventsExplain(ctx context.Context, pod *corev1.Pod) error {
	for _, e := range c.events(ctx, pod) {
		if f := explainEvent(e.Reason, e.Message); f != nil {
			return f
		}
	}
	return nil
}
