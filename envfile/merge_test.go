package envfile

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
)

func environmentOf(vars ...Variable) *Environment {
	slices.SortFunc(vars, func(a, b Variable) int { return strings.Compare(a.Name, b.Name) })
	return &Environment{Vars: vars}
}

func tiered(tier Tier, name, value string) Variable {
	return Variable{Name: name, Value: value, Origin: Origin{Tier: tier}}
}

func TestLocal(t *testing.T) {
	tests := []struct {
		name   string
		own    []string
		vars   []Variable
		policy MergePolicy
		want   []string
	}{
		{"the tiers over the user's own", []string{"A=own", "B=own"}, []Variable{tiered(Image, "A", "img"), tiered(Spec, "C", "c")}, MergePolicy{},
			[]string{"B=own", "A=img", "C=c"}},
		{"the image never touches the user's names", []string{"PATH=/own", "HOME=/home/u", "LC_TIME=C", "https_proxy=own"},
			[]Variable{tiered(Image, "PATH", "/img"), tiered(Image, "HOME", "/root"), tiered(Image, "LC_TIME", "x"), tiered(Image, "https_proxy", "x"),
				tiered(Image, "XDG_CACHE_HOME", "/x"), tiered(Image, "TMPDIR", "/x"), tiered(Injected, "HOSTNAME", "api-0"), tiered(Injected, "TERM", "xterm")}, MergePolicy{},
			[]string{"PATH=/own", "HOME=/home/u", "LC_TIME=C", "https_proxy=own"}},
		{"container paths of the image", []string{"JAVA_HOME=/own"},
			[]Variable{tiered(Image, "JAVA_HOME", "/opt"), tiered(Image, "GOPATH", "/go"), tiered(Image, "LD_LIBRARY_PATH", "/x"), tiered(Image, "JAVA_VERSION", "21")}, MergePolicy{},
			[]string{"JAVA_HOME=/own", "JAVA_VERSION=21"}},
		{"the spec is explicit", []string{"PATH=/own", "JAVA_HOME=/own", "HOME=/home/u", "HTTP_PROXY=own"},
			[]Variable{tiered(Spec, "PATH", "/spec"), tiered(Spec, "JAVA_HOME", "/spec"), tiered(Dev, "HOME", "/dev"), tiered(ConfigMap, "HTTP_PROXY", "cm"), tiered(Spec, "HOSTNAME", "api-0")}, MergePolicy{},
			[]string{"HOME=/dev", "HOSTNAME=api-0", "HTTP_PROXY=cm", "JAVA_HOME=/spec", "PATH=/spec"}},
		{"unresolved, and impossible", []string{"POD=own"},
			[]Variable{{Name: "POD", Unresolved: true, Origin: Origin{Tier: Spec}}, tiered(Secret, "NUL", "a\x00b"), tiered(ConfigMap, "a=b", "x"), tiered(ConfigMap, "with space", "ok")}, MergePolicy{},
			[]string{"POD=own", "with space=ok"}},
		{"names fold on Windows", []string{"Path=C:\\own", "Foo=own", "=C:=C:\\dir"},
			[]Variable{tiered(Image, "PATH", "/img"), tiered(Spec, "FOO", "spec")}, MergePolicy{Names: FoldCase},
			[]string{"Path=C:\\own", "=C:=C:\\dir", "FOO=spec"}},
		{"names are exact elsewhere", []string{"Foo=own"}, []Variable{tiered(Spec, "FOO", "spec")}, MergePolicy{Names: ExactCase},
			[]string{"Foo=own", "FOO=spec"}},
		{"two that fold: the higher tier", nil,
			[]Variable{tiered(Spec, "foo", "spec"), tiered(Image, "FOO", "img"), tiered(Dev, "Foo", "dev")}, MergePolicy{Names: FoldCase},
			[]string{"Foo=dev"}},
		{"policy", []string{"CI=own", "MY_A=own"},
			[]Variable{tiered(Image, "CI", "img"), tiered(Image, "MY_A", "img"), tiered(Service, "MY_B", "svc"), tiered(Image, "JAVA_HOME", "/opt")},
			MergePolicy{KeepLocal: []string{"CI", "MY_*"}, AllowImage: []string{"JAVA_HOME"}},
			[]string{"CI=own", "MY_A=own", "JAVA_HOME=/opt"}},
		{"the user's duplicates and oddities", []string{"A=1", "nonsense", "", "A=2"}, nil, MergePolicy{},
			[]string{"A=2"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, environmentOf(tt.vars...).Local(tt.own, tt.policy)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDecide(t *testing.T) {
	env := environmentOf(tiered(Image, "PATH", "/img"), tiered(Image, "GOPATH", "/go"), tiered(Spec, "A", "1"), tiered(Spec, "SAME", "1"),
		tiered(Service, "DB_PORT", "1"), tiered(Image, "a", "img"))
	var got []string
	for _, d := range env.Decide([]string{"PATH=/own", "A=0", "SAME=1"}, MergePolicy{Names: FoldCase}) {
		line := string(d.Action) + " " + d.Name
		if d.Replaces {
			line += " (replaces)"
		}
		got = append(got, line)
		if d.Reason == "" {
			t.Errorf("%s: no reason", d.Name)
		}
	}
	want := []string{"applied A (replaces)", "applied DB_PORT", "left-out GOPATH", "kept-local PATH", "applied SAME", "left-out a"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// What a real process gets is what Resolve found.
func TestLocalIsComplete(t *testing.T) {
	env := mustResolve(t, Input{
		Dev:       []Var{{Name: "D", Value: "dev"}},
		Container: container([]corev1.EnvVar{lit("A", "1"), lit("PATH", "/spec")}),
		Observed:  []string{"A=1", "PATH=/spec", "HOME=/root", "APP=x", "HOSTNAME=h"},
	})
	want := []string{"HOME=/me", "A=1", "APP=x", "D=dev", "PATH=/spec"}
	if diff := cmp.Diff(want, env.Local([]string{"HOME=/me", "PATH=/me"}, MergePolicy{Names: ExactCase})); diff != "" {
		t.Error(diff)
	}
}
