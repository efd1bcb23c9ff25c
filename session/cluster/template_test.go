package cluster

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"pgregory.net/rapid"
	"sigs.k8s.io/yaml"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestDevTemplate compares the dev pod template of every testdata/template/*.in.yaml
// with its *.golden.yaml; -update writes those.
func TestDevTemplate(t *testing.T) {
	inputs, err := filepath.Glob("testdata/template/*.in.yaml")
	if err != nil || len(inputs) == 0 {
		t.Fatalf("no inputs: %v", err)
	}
	for _, input := range inputs {
		name := strings.TrimSuffix(filepath.Base(input), ".in.yaml")
		t.Run(name, func(t *testing.T) {
			w := readWorkload(t, input)
			original := w.Template.DeepCopy()
			spec := DivertSpec{SessionID: "shop/dev", Owner: "me", Host: "laptop", Since: time.Unix(1700000000, 0),
				AgentImage: "example/tandem-agent:1", GuardTTL: 15 * time.Minute, Reverse: []int{9000, 80, 80},
				Annotations: map[string]string{"from": "manifest"}, Labels: map[string]string{"from": "manifest"}}
			r := (&Cluster{}).Record(w, spec)
			got, notes := devTemplate(w, r.agentSpec(spec))

			if diff := cmp.Diff(original, &w.Template); diff != "" {
				t.Errorf("the original's template was changed:\n%s", diff)
			}
			text, err := yaml.Marshal(map[string]any{"notes": notes, "template": got, "record": r})
			if err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata/template", name+".golden.yaml")
			if *update {
				if err := os.WriteFile(golden, text, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(want, text) {
				t.Errorf("-want +got, `go test -update` accepts it:\n%s", cmp.Diff(string(want), string(text)))
			}
		})
	}
}

func readWorkload(t *testing.T, file string) *Workload {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var w *Workload
	if bytes.Contains(text, []byte("kind: StatefulSet")) {
		var s appsv1.StatefulSet
		err = yaml.UnmarshalStrict(text, &s)
		w = fromStatefulSet(&s)
	} else {
		var d appsv1.Deployment
		err = yaml.UnmarshalStrict(text, &d)
		w = fromDeployment(&d)
	}
	if err != nil {
		t.Fatal(err)
	}
	if w.Container, err = chooseContainer(w, ""); err != nil {
		t.Fatal(err)
	}
	return w
}

// TestAgentEnvironmentIsTheOriginals: whatever the container looks like, nothing
// that makes its environment changes.
func TestAgentEnvironmentIsTheOriginals(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`[A-Z]{1,3}`)
		container := corev1.Container{Name: "c", Image: "example/c:1"}
		for range rapid.IntRange(0, 5).Draw(t, "env") {
			container.Env = append(container.Env, corev1.EnvVar{Name: name.Draw(t, "name"), Value: "$(" + name.Draw(t, "ref") + ")"})
		}
		for i := range rapid.IntRange(0, 3).Draw(t, "ports") {
			container.Ports = append(container.Ports, corev1.ContainerPort{Name: fmt.Sprint("p", i), ContainerPort: int32(rapid.IntRange(1, 65535).Draw(t, "port"))})
		}
		w := &Workload{Kind: KindDeployment, Name: "w", Container: "c",
			Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{Containers: []corev1.Container{container}}}}
		reverse := rapid.SliceOf(rapid.IntRange(1, 65535)).Draw(t, "reverse")
		r := (&Cluster{}).Record(w, DivertSpec{Reverse: reverse})
		got, _ := devTemplate(w, agentSpec{token: r.Token, port: r.Port, reverse: reverse})

		c := got.Spec.Containers[0]
		if diff := cmp.Diff(container.Env, c.Env); diff != "" {
			t.Fatalf("env:\n%s", diff)
		}
		if diff := cmp.Diff(container.Ports, c.Ports); diff != "" {
			t.Fatalf("ports:\n%s", diff)
		}
		if c.Image != container.Image {
			t.Fatalf("image %q", c.Image)
		}
		for _, p := range c.Ports {
			if int(p.ContainerPort) == r.Port {
				t.Fatalf("the agent listens on port %d, which the container declares", r.Port)
			}
		}
	})
}

func TestDevNameFitsAndTellsApart(t *testing.T) {
	if got := devName("api"); got != "api-tandem" {
		t.Errorf("devName(api) = %q", got)
	}
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`[a-z0-9]([a-z0-9-]{0,60}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,60}[a-z0-9])?){0,3}`)
		a, b := name.Draw(t, "a"), name.Draw(t, "b")
		if got := devName(a); len(got) > maxName || strings.Contains(got, ".-") {
			t.Fatalf("devName(%q) = %q", a, got)
		}
		if a != b && devName(a) == devName(b) {
			t.Fatalf("%q and %q share the name %q", a, b, devName(a))
		}
	})
}

func TestRecordSurvivesTheAnnotation(t *testing.T) {
	w := readWorkload(t, "testdata/template/restricted.in.yaml")
	r := (&Cluster{}).Record(w, DivertSpec{SessionID: "shop/api", Owner: "me", Host: "laptop", Since: time.Now(), Reverse: []int{8080}})
	got, ok := recordOf(map[string]string{SessionAnnotation: r.annotation()})
	if !ok {
		t.Fatal("the annotation is not understood")
	}
	if diff := cmp.Diff(r, got); diff != "" {
		t.Errorf("-written +read:\n%s", diff)
	}
	for _, text := range []string{"", "x", "{}", `{"session":1}`} {
		if r, ok := recordOf(map[string]string{SessionAnnotation: text}); ok {
			t.Errorf("%q was read as %+v", text, r)
		}
	}
}

func TestTwoSessionsOfOneNameDiffer(t *testing.T) {
	w := readWorkload(t, "testdata/template/restricted.in.yaml")
	spec := DivertSpec{SessionID: "shop/api", Since: time.Unix(1, 0)}
	first := (&Cluster{}).Record(w, spec)
	spec.Since = time.Unix(2, 0)
	second := (&Cluster{}).Record(w, spec)
	if first.Token == second.Token || first.Secret == second.Secret {
		t.Errorf("both have the token %s and the Secret %s", first.Token, first.Secret)
	}
	if first.Deployment != second.Deployment {
		t.Errorf("their dev Deployments %s and %s could stand side by side", first.Deployment, second.Deployment)
	}
}

func TestPriorityClassReplacesTheOriginals(t *testing.T) {
	for _, want := range []string{"", "urgent"} {
		w := &Workload{Kind: KindDeployment, Name: "api", Container: "api"}
		w.Template.Spec.Containers = []corev1.Container{{Name: "api"}}
		w.Template.Spec.PriorityClassName = "usual"
		got, _ := devTemplate(w, agentSpec{token: "t", port: 1, priorityClass: want})
		if want == "" {
			want = "usual"
		}
		if got.Spec.PriorityClassName != want {
			t.Errorf("got %q, want %q", got.Spec.PriorityClassName, want)
		}
	}
}
