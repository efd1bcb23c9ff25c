package corpus

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/tandem-dev/tandem/e2e/harness"
	"github.com/tandem-dev/tandem/rpc/protocol"
)

// The same through the front door: env/resolve of `tandem serve`, before a
// session and in one.
func TestProtocol(t *testing.T) {
	n := newPlace(t, ordinary)
	layer := programLayer(t)
	chosen := []string{"of a secret", "of a service", "an image with odd ENV", "service links", "a container that is not the first", "everything"}
	var manifest strings.Builder
	manifest.WriteString("dev:\n")
	real := map[string]map[string]string{}
	for i, rule := range chosen {
		at := slices.IndexFunc(rows, func(r row) bool { return r.rule == rule })
		r, name := rows[at], fmt.Sprintf("p%d", i)
		image := r.image
		if image == "" {
			image = "plain"
		}
		ref := pushImage(t, layer, harness.Registry()+"/tandem-test/corpus:"+image+"-", imageEnvs[image])
		real[name] = r.run(t, n, name, ref)
		fmt.Fprintf(&manifest, "  %s:\n    mode: hybrid\n    command: [cat]\n    container: app\n", name)
	}
	ws := harness.NewWorkspace(t, n)
	ws.WriteManifest(manifest.String())
	c := harness.ServeWith(ws, harness.Options{Initialization: protocol.InitializationOptions{EnvPrecedence: protocol.PrecedenceKubelet}})
	for _, name := range slices.Sorted(maps.Keys(real)) {
		var offline, online protocol.EnvResolveResult
		c.MustCall(protocol.MethodEnvResolve, protocol.EnvResolveParams{Manifest: ws.Manifest(), Dev: name, Reveal: true}, &offline)
		requireAnswer(t, name+" offline", real[name], offline)
		ready := c.MustStart(name)
		c.MustCall(protocol.MethodEnvResolve, protocol.EnvResolveParams{ID: ready.ID, Reveal: true}, &online)
		requireAnswer(t, name+" in a session", real[name], online)
		c.MustStop(ready.ID)
	}
	if code := c.Shutdown(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// requireAnswer compares an answer with the original; HOSTNAME and HOME may be
// the pod's own.
func requireAnswer(t *testing.T, what string, real map[string]string, answer protocol.EnvResolveResult) {
	t.Helper()
	got := map[string]string{}
	for _, v := range answer.Variables {
		switch {
		case v.Value != nil:
			got[v.Name] = *v.Value
		case v.Unresolved && (v.Name == "HOSTNAME" || v.Name == "HOME"):
			got[v.Name] = real[v.Name]
		default:
			t.Errorf("%s: %s has no value", what, v.Name)
		}
		if v.Name == "HOSTNAME" && v.Origin.Tier == "injected" {
			got[v.Name] = real[v.Name]
		}
	}
	for name, want := range real {
		if value, ok := got[name]; !ok || value != want {
			t.Errorf("%s: %s is %q (found: %v), the container has %q", what, name, value, ok, want)
		}
	}
	if len(got) != len(real) {
		t.Errorf("%s: %d variables, the container has %d", what, len(got), len(real))
	}
}
