package envfile

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"
)

// TestEnvReport prints what resolving and each dialect cost at three sizes.
// With TANDEM_BENCH=1, on a machine that does nothing else, it also holds
// resolving to its budget and to linear growth.
func TestEnvReport(t *testing.T) {
	if !testing.Verbose() {
		t.Skip("it prints a table: run it with -v")
	}
	sizes := []int{10, 1000, 10_000}
	resolving := make([]time.Duration, len(sizes))
	envs := make([]*Environment, len(sizes))
	for i, n := range sizes {
		in := large(n * 4 / 5) // and a fifth that only the container has
		resolving[i] = typical(func() { envs[i] = mustResolve(t, in) })
	}
	var table strings.Builder
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(name string, times []time.Duration, note string) {
		fmt.Fprintf(w, "%s\t", name)
		for _, d := range times {
			fmt.Fprintf(w, "%.3f ms\t", float64(d)/float64(time.Millisecond))
		}
		fmt.Fprintf(w, "%s\t\n", note)
	}
	fmt.Fprint(w, "variables\t")
	for _, env := range envs {
		fmt.Fprintf(w, "%d\t", len(env.Vars))
	}
	fmt.Fprint(w, "left out\t\n")
	row("resolve", resolving, "")
	for _, d := range Dialects() {
		times := make([]time.Duration, len(sizes))
		left := 0
		for i, env := range envs {
			times[i] = typical(func() { _, u := encode(t, env, d); left = len(u) })
		}
		row(string(d), times, fmt.Sprint(left))
	}
	w.Flush()
	t.Logf("\n%s", table.String())
	if os.Getenv("TANDEM_BENCH") == "" {
		return
	}
	if resolving[2] > 100*time.Millisecond {
		t.Errorf("resolving %d variables takes %v, want at most 100ms", sizes[2], resolving[2])
	}
	// Ten times the variables; caches and the collector cost something on top.
	if growth := float64(resolving[2]) / float64(resolving[1]); growth > 25 {
		t.Errorf("ten times the variables take %.0f times as long", growth)
	}
}

// typical is the median time of a few runs.
func typical(run func()) time.Duration {
	times := make([]time.Duration, 5)
	for i := range times {
		start := time.Now()
		run()
		times[i] = time.Since(start)
	}
	slices.Sort(times)
	return times[len(times)/2]
}
