package scale

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/tandem-dev/tandem/e2e/harness"
	"github.com/tandem-dev/tandem/rpc/protocol"
)

const (
	manySessions = 10
	manySources  = 10 // of each session's environment
	// What a server may hold with one session, and for each further one.
	budgetOne     = 60 << 20
	budgetFurther = 3 << 20
	// idleSpan is how long ten idle sessions are looked at; budgetIdleShare is what
	// they may take of one core together.
	idleSpan        = 20 * time.Second
	budgetIdleShare = 0.005
)

// A developer who works on ten services at once has one server. What it costs
// grows little with each, and is nothing while nothing happens.
func TestManySessionsCostLittle(t *testing.T) {
	if harness.Race() {
		t.Skip("the race detector's memory is not ours")
	}
	ns := harness.NewBareNamespace(t)
	var manifest strings.Builder
	manifest.WriteString("dev:\n")
	for i := range manySources / 2 {
		name := fmt.Sprintf("source-%d", i)
		for _, object := range []runtime.Object{
			&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}, Data: map[string]string{"C" + strconv.Itoa(i): "1"}},
			&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: name}, StringData: map[string]string{"S" + strconv.Itoa(i): "1"}},
		} {
			must(t, ns.Create(object))
		}
	}
	for i := range manySessions {
		name := fmt.Sprintf("svc-%d", i)
		must(t, ns.Create(workload(name)))
		fmt.Fprintf(&manifest, "  %s:\n    mode: hybrid\n    command: [cat]\n    forward:\n      - 0:kubernetes.default:443\n", name)
	}
	c := harness.Serve(harness.NewBareWorkspace(t, ns, manifest.String()))
	start := func(i int) *harness.Call {
		p := c.StartParams(fmt.Sprintf("svc-%d", i))
		p.Options.Run = false
		return c.Go(protocol.MethodSessionStart, p, nil)
	}
	finish := func(call *harness.Call) {
		t.Helper()
		if err := call.Wait(); err != nil {
			t.Fatal(harness.Describe(err))
		}
	}
	finish(start(0))
	one := settled(t, c.PID())
	for at := 1; at < manySessions; at += 3 { // a few at a time: the node has two cores
		var calls []*harness.Call
		for i := at; i < min(at+3, manySessions); i++ {
			calls = append(calls, start(i))
		}
		for _, call := range calls {
			finish(call)
		}
	}
	all := settled(t, c.PID())
	further := float64(all-one) / (manySessions - 1)

	used, began := processorTime(t, c.PID()), time.Now()
	time.Sleep(idleSpan) // nothing is to happen: that is what is measured
	share := float64(processorTime(t, c.PID())-used) / float64(time.Since(began))
	t.Logf("%.1f MB with one session, %.2f MB for each further one of %d; %.2f %% of a core while idle",
		float64(one)/(1<<20), further/(1<<20), manySessions-1, 100*share)
	if one > budgetOne {
		t.Errorf("one session takes %.1f MB, the budget is %d MB", float64(one)/(1<<20), budgetOne>>20)
	}
	if further > budgetFurther {
		t.Errorf("each further session takes %.2f MB, the budget is %d MB", further/(1<<20), budgetFurther>>20)
	}
	if share > budgetIdleShare {
		t.Errorf("%d idle sessions take %.2f %% of a core, the budget is %.1f %%", manySessions, 100*share, 100*budgetIdleShare)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// workload is a Deployment at zero replicas whose environment has many sources.
func workload(name string) *appsv1.Deployment {
	zero, yes, no := int32(0), true, false
	labels := map[string]string{"app": name}
	main := corev1.Container{
		Name: "main", Image: harness.Registry() + "/shop/web:1",
		SecurityContext: &corev1.SecurityContext{AllowPrivilegeEscalation: &no, Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}}},
	}
	for i := range manySources / 2 {
		source := corev1.LocalObjectReference{Name: fmt.Sprintf("source-%d", i)}
		main.EnvFrom = append(main.EnvFrom,
			corev1.EnvFromSource{ConfigMapRef: &corev1.ConfigMapEnvSource{LocalObjectReference: source}},
			corev1.EnvFromSource{SecretRef: &corev1.SecretEnvSource{LocalObjectReference: source}})
	}
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels},
		Spec: appsv1.DeploymentSpec{
			Replicas: &zero, Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: corev1.PodSpec{
				SecurityContext: &corev1.PodSecurityContext{RunAsNonRoot: &yes, SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault}},
				Containers:      []corev1.Container{main},
			}},
		},
	}
}

// settled is a process's resident memory once it has stopped to shrink: the
// collector's second run, two minutes after the last, would give back more.
func settled(t *testing.T, pid int) int64 {
	t.Helper()
	last := resident(t, pid)
	for range 20 {
		time.Sleep(500 * time.Millisecond)
		now := resident(t, pid)
		if now >= last {
			return now
		}
		last = now
	}
	return last
}

// resident reads VmRSS in proc_pid_status(5), bytes.
func resident(t *testing.T, pid int) int64 {
	t.Helper()
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(content)) {
		if value, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kib, err := strconv.ParseInt(strings.Fields(value)[0], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return kib << 10
		}
	}
	t.Fatalf("no VmRSS of %d", pid)
	return 0
}

// processorTime is what a process has used: fields 14 and 15 of proc_pid_stat(5),
// in hundredths of a second.
func processorTime(t *testing.T, pid int) time.Duration {
	t.Helper()
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	fields := strings.Fields(string(content[strings.LastIndexByte(string(content), ')')+1:]))
	var ticks time.Duration
	for _, field := range fields[11:13] {
		n, err := strconv.Atoi(field)
		if err != nil {
			t.Fatal(err)
		}
		ticks += time.Duration(n)
	}
	return ticks * 10 * time.Millisecond
}
