package envfile

import (
	"errors"
	"path"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tandem-dev/tandem/internal/fault"
)

func TestGlob(t *testing.T) {
	for _, tt := range []struct {
		pattern, text, rest string
		ok                  bool
	}{
		{"A", "A", "", true}, {"A", "AB", "", false}, {"", "", "", true},
		{"A*", "A", "", true}, {"A*", "AB", "B", true}, {"*", "AB", "AB", true}, {"*B", "AB", "A", true}, {"A*B", "AB", "", true},
		{"A*A", "A", "", false}, {"A*B", "AxxB", "xx", true}, {"A*B", "AxC", "", false},
		{"A*B*C", "AxByC", "", true}, {"A*B*C", "ABC", "", true}, {"A*B*C", "AC", "", false}, {"**", "x", "", true}, {"*B*", "aBc", "", true},
	} {
		rest, ok := glob(tt.pattern, tt.text)
		if ok != tt.ok || ok && rest != tt.rest {
			t.Errorf("glob(%q, %q) = %q, %v", tt.pattern, tt.text, rest, ok)
		}
	}
	// path.Match has the same * where there is no slash.
	rapid.Check(t, func(t *rapid.T) {
		pattern := rapid.StringOfN(rapid.RuneFrom([]rune("AB*")), 0, 6, -1).Draw(t, "pattern")
		text := rapid.StringOfN(rapid.RuneFrom([]rune("AB")), 0, 8, -1).Draw(t, "text")
		_, got := glob(pattern, text)
		want, err := path.Match(pattern, text)
		if err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Fatalf("glob(%q, %q) = %v", pattern, text, got)
		}
	})
}

func TestPolicyCheck(t *testing.T) {
	good := MergePolicy{Include: []string{"*"}, Exclude: []string{"AWS_*", "a.b"}, Rename: []Rename{{"A", "B"}, {"APP_*", "*"}, {"*", "X_*"}}, KeepLocal: []string{"CI"}, AllowImage: []string{"*"}}
	if err := good.Check(); err != nil {
		t.Error(err)
	}
	for _, bad := range []MergePolicy{
		{Include: []string{""}}, {Exclude: []string{"A=B"}}, {KeepLocal: []string{"\x00"}}, {AllowImage: []string{""}},
		{Rename: []Rename{{"", "B"}}}, {Rename: []Rename{{"A", ""}}}, {Rename: []Rename{{"A", "*"}}}, {Rename: []Rename{{"A*", "B"}}}, {Rename: []Rename{{"*A*", "*"}}},
	} {
		if err := bad.Check(); !errors.Is(err, fault.InvalidParams) || fault.HintOf(err) == "" {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}

func TestSettings(t *testing.T) {
	vars := []Variable{
		tiered(Spec, "APP_PORT", "1"), tiered(Image, "APP_HOME", "/app"), tiered(Image, "PORT", "2"), tiered(Spec, "AWS_KEY", "k"),
		tiered(Dev, "AWS_REGION", "dev"), tiered(Image, "GOPATH", "/go"), tiered(Spec, "x", "low"),
	}
	tests := []struct {
		name    string
		policy  MergePolicy
		local   []string
		written []string
	}{
		{"nothing set", MergePolicy{},
			[]string{"APP_HOME=/app", "APP_PORT=1", "AWS_KEY=k", "AWS_REGION=dev", "PORT=2", "x=low"},
			[]string{"APP_HOME=/app", "APP_PORT=1", "AWS_KEY=k", "AWS_REGION=dev", "PORT=2", "x=low"}},
		{"exclude spares the dev tier", MergePolicy{Exclude: []string{"AWS_*", "X"}},
			[]string{"APP_HOME=/app", "APP_PORT=1", "AWS_REGION=dev", "PORT=2", "x=low"},
			[]string{"APP_HOME=/app", "APP_PORT=1", "AWS_REGION=dev", "PORT=2", "x=low"}},
		{"include, and exclude above it", MergePolicy{Include: []string{"A*"}, Exclude: []string{"*_HOME"}},
			[]string{"APP_PORT=1", "AWS_KEY=k", "AWS_REGION=dev"},
			[]string{"APP_PORT=1", "AWS_KEY=k", "AWS_REGION=dev"}},
		{"a renamed one is above the image's, and a personal name", MergePolicy{Rename: []Rename{{"APP_*", "*"}}},
			[]string{"AWS_KEY=k", "AWS_REGION=dev", "HOME=/app", "PORT=1", "x=low"},
			[]string{"AWS_KEY=k", "AWS_REGION=dev", "HOME=/app", "PORT=1", "x=low"}},
		{"but not above the dev tier", MergePolicy{Rename: []Rename{{"AWS_KEY", "AWS_REGION"}}},
			[]string{"APP_HOME=/app", "APP_PORT=1", "AWS_REGION=dev", "PORT=2", "x=low"},
			[]string{"APP_HOME=/app", "APP_PORT=1", "AWS_REGION=dev", "PORT=2", "x=low"}},
		{"the first rule counts, and one for the same name stops", MergePolicy{Rename: []Rename{{"APP_PORT", "APP_PORT"}, {"APP_*", "MY_*"}, {"x", "y"}}},
			[]string{"APP_PORT=1", "AWS_KEY=k", "AWS_REGION=dev", "MY_HOME=/app", "PORT=2", "y=low"},
			[]string{"APP_PORT=1", "AWS_KEY=k", "AWS_REGION=dev", "MY_HOME=/app", "PORT=2", "y=low"}},
		{"without case", MergePolicy{Names: FoldCase, Exclude: []string{"X"}, Rename: []Rename{{"app_*", "my_*"}}},
			[]string{"AWS_KEY=k", "AWS_REGION=dev", "my_HOME=/app", "my_PORT=1", "PORT=2"},
			[]string{"AWS_KEY=k", "AWS_REGION=dev", "PORT=2", "my_HOME=/app", "my_PORT=1"}},
		{"allowed to the image", MergePolicy{AllowImage: []string{"GO*"}, KeepLocal: []string{"*"}},
			[]string{"APP_PORT=1", "AWS_KEY=k", "AWS_REGION=dev", "GOPATH=/go", "x=low"},
			[]string{"APP_PORT=1", "AWS_KEY=k", "AWS_REGION=dev", "GOPATH=/go", "x=low"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			env := environmentOf(vars...)
			if tt.policy.Names == PlatformCase {
				tt.policy.Names = ExactCase
			}
			local := env.Local(nil, tt.policy)
			if diff := cmp.Diff(slices.Sorted(slices.Values(tt.local)), slices.Sorted(slices.Values(local))); diff != "" {
				t.Errorf("process: %s", diff)
			}
			var written []string
			for _, v := range env.Chosen(tt.policy).Vars {
				written = append(written, v.Name+"="+v.Value)
			}
			if diff := cmp.Diff(tt.written, written); diff != "" {
				t.Errorf("files: %s", diff)
			}
		})
	}
}

// What a process cannot be given stays, so that the file's encoder names it;
// what stays local goes, whether or not it could be written.
func TestChosenKeepsWhatCannotBeDelivered(t *testing.T) {
	later := Variable{Name: "LATER", Origin: Origin{Tier: Spec}, Unresolved: true}
	home := Variable{Name: "HOME", Origin: Origin{Tier: Image}, Unresolved: true}
	env := environmentOf(tiered(Secret, "NUL", "a\x00b"), later, home, tiered(Image, "PATH", "/\x00"), tiered(Secret, "GONE", "\x00"))
	var names []string
	for _, v := range env.Chosen(MergePolicy{Exclude: []string{"GONE"}}).Vars {
		names = append(names, v.Name)
	}
	if diff := cmp.Diff([]string{"LATER", "NUL"}, names); diff != "" {
		t.Error(diff)
	}
}

func TestWith(t *testing.T) {
	env := environmentOf(tiered(Spec, "B", "spec"), tiered(Image, "C", "img"))
	env.Warnings = []Warning{{Code: WarnDiffers, Variable: "B"}, {Code: WarnDiffers, Variable: "C"}}
	got := env.With([]Var{{"A", "1", "command line"}, {"B", "2", "command line"}, {"B", "3", "command line"}})
	if diff := cmp.Diff(map[string]string{"A": "1", "B": "3", "C": "img"}, values(got)); diff != "" {
		t.Error(diff)
	}
	dev := Origin{Tier: Dev, Object: "command line"}
	if diff := cmp.Diff([]Origin{dev, {Tier: Spec}}, lookup(t, got, "B").Shadowed); diff != "" {
		t.Error(diff)
	}
	if len(got.Warnings) != 1 || len(env.Warnings) != 2 || len(env.Vars) != 2 {
		t.Errorf("warnings %v; before %v, %v", got.Warnings, env.Warnings, values(env))
	}
}

func TestSimilar(t *testing.T) {
	env := environmentOf(tiered(Spec, "DATABASE_URL", ""), tiered(Spec, "DATABASE_USER", ""), tiered(Spec, "PORT", ""), tiered(Spec, "REDIS_URL", ""))
	for name, want := range map[string][]string{
		"DATABSE_URL":  {"DATABASE_URL", "DATABASE_USER"},
		"database_url": {"DATABASE_URL", "DATABASE_USER"},
		"PROT":         {"PORT"},
		"redis":        {"REDIS_URL"},
		"DATABSE":      {"DATABASE_URL", "DATABASE_USER"},
		"RED":          {"REDIS_URL"},
		"XYZ":          nil,
		"QQQQQQ":       nil,
		"":             nil,
	} {
		if diff := cmp.Diff(want, similar(name, env)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}
