package envfile

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	"github.com/tandem-dev/tandem/internal/fault"
)

// Each case is one rule of the kubelet, or of the documented tiers.
func TestResolve(t *testing.T) {
	cms := map[string]*corev1.ConfigMap{
		"c1": configMap("K", "c1", "ONLY", "c1", "dotted.key", "c1"),
		"c2": configMap("K", "c2"),
		"bin": {
			Data:       map[string]string{"TEXT": "t"},
			BinaryData: map[string][]byte{"BYTES": {1}},
		},
	}
	secrets := map[string]*corev1.Secret{
		"s1": secret("K", "s1", "PASS", "hunter2"),
		"s2": secret("K", "s2"),
	}
	tests := []struct {
		name string
		in   Input
		want map[string]string
	}{
		{"env over ConfigMap over Secret", Input{Container: container(
			[]corev1.EnvVar{lit("ONLY", "spec")}, fromSecret("s1", ""), fromCM("c1", ""))},
			map[string]string{"K": "c1", "ONLY": "spec", "PASS": "hunter2", "dotted.key": "c1"}},
		{"ConfigMap over a later Secret", Input{Container: container(nil, fromCM("c2", ""), fromSecret("s2", ""))},
			map[string]string{"K": "c2"}},
		{"kubelet precedence: the later one", Input{Precedence: Kubelet,
			Container: container(nil, fromCM("c2", ""), fromSecret("s2", ""))},
			map[string]string{"K": "s2"}},
		{"kubelet precedence: env still on top", Input{Precedence: Kubelet,
			Container: container([]corev1.EnvVar{lit("K", "spec")}, fromCM("c2", ""), fromSecret("s2", ""))},
			map[string]string{"K": "spec"}},
		{"last ConfigMap wins", Input{Container: container(nil, fromCM("c1", ""), fromCM("c2", ""))},
			map[string]string{"K": "c2", "ONLY": "c1", "dotted.key": "c1"}},
		{"last Secret wins", Input{Container: container(nil, fromSecret("s2", ""), fromSecret("s1", ""))},
			map[string]string{"K": "s1", "PASS": "hunter2"}},
		{"last duplicate in env wins", Input{Container: container([]corev1.EnvVar{lit("A", "1"), lit("A", "2")})},
			map[string]string{"A": "2"}},
		{"prefix", Input{Container: container(nil, fromCM("c2", "P_"), fromCM("c1", "P "))},
			map[string]string{"P_K": "c2", "P K": "c1", "P ONLY": "c1", "P dotted.key": "c1"}},
		{"prefix keeps tiers apart", Input{Container: container(nil, fromCM("c2", "X_"), fromSecret("s2", ""))},
			map[string]string{"X_K": "c2", "K": "s2"}},
		{"binaryData is invisible", Input{Container: container(nil, fromCM("bin", ""))},
			map[string]string{"TEXT": "t"}},
		{"empty literal is a value", Input{Container: container([]corev1.EnvVar{lit("K", "")}, fromCM("c2", ""))},
			map[string]string{"K": ""}},
		{"a value beats valueFrom", Input{Container: container([]corev1.EnvVar{
			{Name: "A", Value: "v", ValueFrom: cmKey("", "c1", "K").ValueFrom}})},
			map[string]string{"A": "v"}},
		{"valueFrom of nothing is empty", Input{Container: container([]corev1.EnvVar{from("A", corev1.EnvVarSource{})})},
			map[string]string{"A": ""}},
		{"optional envFrom objects", Input{Container: container(nil, fromCM("no", "", true), fromSecret("no", "", true), fromCM("c2", ""))},
			map[string]string{"K": "c2"}},
		{"optional object missing shows the earlier duplicate", Input{Container: container([]corev1.EnvVar{
			lit("A", "first"), cmKey("A", "no", "x", true), lit("B", "first"), secretKey("B", "no", "x", true)})},
			map[string]string{"A": "first", "B": "first"}},
		{"optional key missing shows envFrom", Input{Container: container([]corev1.EnvVar{
			cmKey("K", "c1", "nokey", true), secretKey("K", "s1", "nokey", true)}, fromCM("c2", ""))},
			map[string]string{"K": "c2"}},
		{"optional missing sets nothing", Input{Container: container([]corev1.EnvVar{cmKey("A", "c1", "nokey", true)})},
			map[string]string{}},
		{"optional present is read", Input{Container: container([]corev1.EnvVar{cmKey("A", "c1", "K", true), secretKey("B", "s1", "K", true)})},
			map[string]string{"A": "c1", "B": "s1"}},
		{"a key of binaryData does not exist", Input{Container: container([]corev1.EnvVar{cmKey("A", "bin", "BYTES", true)})},
			map[string]string{}},
		{"expansion sees earlier env", Input{Container: container([]corev1.EnvVar{lit("B", "[$(A)]"), lit("A", "1"), lit("C", "[$(A)]")})},
			map[string]string{"A": "1", "B": "[$(A)]", "C": "[1]"}},
		{"expansion sees itself before", Input{Container: container([]corev1.EnvVar{lit("K", "$(K)+")}, fromCM("c2", ""))},
			map[string]string{"K": "c2+"}},
		{"expansion sees all of envFrom", Input{Container: container([]corev1.EnvVar{lit("A", "$(PASS) $(dotted.key)")}, fromCM("c1", ""), fromSecret("s1", ""))},
			map[string]string{"A": "hunter2 c1", "K": "c1", "ONLY": "c1", "PASS": "hunter2", "dotted.key": "c1"}},
		{"expansion sees the kubelet's winner", Input{Container: container([]corev1.EnvVar{lit("A", "$(K)")}, fromCM("c2", ""), fromSecret("s2", ""))},
			map[string]string{"A": "s2", "K": "c2"}},
		{"expansion happens once", Input{Container: container([]corev1.EnvVar{lit("A", "$$(B)"), lit("B", "b"), lit("C", "$(A)")})},
			map[string]string{"A": "$(B)", "B": "b", "C": "$(B)"}},
		{"no expansion in what references give", Input{
			ConfigMaps: map[string]*corev1.ConfigMap{"x": configMap("X", "$(A)")},
			Secrets:    map[string]*corev1.Secret{"x": secret("X", "$(A)$$")},
			Container:  container([]corev1.EnvVar{lit("A", "1"), cmKey("B", "x", "X"), secretKey("C", "x", "X")}, fromCM("x", ""))},
			map[string]string{"A": "1", "B": "$(A)", "C": "$(A)$$", "X": "$(A)"}},
		{"a missing optional reference stays as text", Input{Container: container([]corev1.EnvVar{cmKey("A", "no", "x", true), lit("B", "$(A)")})},
			map[string]string{"B": "$(A)"}},
		{"expansion never sees the dev tier", Input{Dev: []Var{{Name: "A", Value: "dev"}, {Name: "D", Value: "dev"}},
			Container: container([]corev1.EnvVar{lit("A", "spec"), lit("B", "$(A) $(D)")})},
			map[string]string{"A": "dev", "B": "spec $(D)", "D": "dev"}},
		{"dev on top, its last duplicate", Input{Dev: []Var{{Name: "K", Value: "1"}, {Name: "K", Value: "$(X)"}},
			Container: container([]corev1.EnvVar{lit("K", "spec")})},
			map[string]string{"K": "$(X)"}},
		{"no container, no pod", Input{}, map[string]string{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.in.ConfigMaps == nil {
				tt.in.ConfigMaps = cms
			}
			if tt.in.Secrets == nil {
				tt.in.Secrets = secrets
			}
			if diff := cmp.Diff(tt.want, values(mustResolve(t, tt.in))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestOriginsAndShadowed(t *testing.T) {
	cm := configMap("K", "c")
	cm.ResourceVersion = "7"
	env := mustResolve(t, Input{
		Dev:        []Var{{Name: "K", Value: "d", Source: "envFiles:.env.dev"}},
		Container:  container([]corev1.EnvVar{lit("K", "1"), secretKey("K", "s", "key")}, fromCM("c", ""), fromSecret("s", "")),
		ConfigMaps: map[string]*corev1.ConfigMap{"c": cm},
		Secrets:    map[string]*corev1.Secret{"s": secret("K", "s", "key", "s")},
		Observed:   []string{"K=s", "key=s", "IMG=1"},
	})
	got := lookup(t, env, "K")
	want := Variable{Name: "K", Value: "d", Origin: Origin{Tier: Dev, Object: "envFiles:.env.dev"}, Shadowed: []Origin{
		{Tier: Spec, Kind: KindSecret, Object: "s", Key: "key"},
		{Tier: Spec},
		{Tier: ConfigMap, Kind: KindConfigMap, Object: "c", Key: "K", ResourceVersion: "7"},
		{Tier: Secret, Kind: KindSecret, Object: "s", Key: "K"},
	}}
	if diff := cmp.Diff(want.Shadowed, got.Shadowed); diff != "" {
		t.Error(diff)
	}
	if got.Origin != want.Origin || got.Value != "d" || got.Secret {
		t.Errorf("K has origin %v, secret %v", got.Origin, got.Secret)
	}
	if len(env.Warnings) != 0 {
		t.Errorf("warnings: %v", env.Warnings)
	}
}

func TestPrecedenceWarning(t *testing.T) {
	in := Input{
		Container:  container(nil, fromCM("settings", ""), fromSecret("db", "")),
		ConfigMaps: map[string]*corev1.ConfigMap{"settings": configMap("URL", "one", "SAME", "x")},
		Secrets:    map[string]*corev1.Secret{"db": secret("URL", "two", "SAME", "x")},
	}
	env := mustResolve(t, in)
	if diff := cmp.Diff([]string{"env-precedence URL"}, warned(env)); diff != "" {
		t.Fatal(diff)
	}
	for _, part := range []string{`ConfigMap "settings"`, `Secret "db"`, "envPrecedence: kubelet"} {
		if !strings.Contains(env.Warnings[0].Message, part) {
			t.Errorf("warning %q does not name %s", env.Warnings[0].Message, part)
		}
	}
	if v := lookup(t, env, "URL"); v.Secret || v.Origin.Tier != ConfigMap {
		t.Errorf("URL: %v, secret %v", v.Origin, v.Secret)
	}

	in.Observed = []string{"URL=two", "SAME=x"}
	env = mustResolve(t, in)
	if diff := cmp.Diff([]string{"env-precedence URL"}, warned(env)); diff != "" {
		t.Errorf("after activation: %s", diff)
	}
	if v := lookup(t, env, "URL"); v.Value != "one" {
		t.Errorf("after activation URL = %q, want the documented winner", v.Value)
	}

	in.Precedence = Kubelet
	env = mustResolve(t, in)
	if v := lookup(t, env, "URL"); v.Value != "two" || !v.Secret || len(env.Warnings) != 0 {
		t.Errorf("kubelet precedence: %v, %v", v, env.Warnings)
	}

	// In list order the two agree, and nobody needs to be told.
	in.Precedence, in.Observed = Documented, nil
	in.Container = container(nil, fromSecret("db", ""), fromCM("settings", ""))
	if env := mustResolve(t, in); len(env.Warnings) != 0 {
		t.Errorf("warnings without a disagreement: %v", env.Warnings)
	}
	// A dev value on top makes the disagreement harmless.
	in.Container = container(nil, fromCM("settings", ""), fromSecret("db", ""))
	in.Dev = []Var{{Name: "URL", Value: "dev"}}
	if env := mustResolve(t, in); len(env.Warnings) != 0 {
		t.Errorf("warnings under a dev value: %v", env.Warnings)
	}
}

func TestMissingNamesEverything(t *testing.T) {
	in := Input{
		Pod: runningPod(),
		Container: container([]corev1.EnvVar{
			lit("FINE", "1"),
			secretKey("A", "db", "user"), secretKey("B", "db", "pass"),
			cmKey("C", "cfg", "nokey"), cmKey("D", "cfg", "bin"), cmKey("E", "gone", "x", true),
		}, fromCM("flags", "")),
		ConfigMaps: map[string]*corev1.ConfigMap{"cfg": {BinaryData: map[string][]byte{"bin": {1}}}},
	}
	env, err := Resolve(in)
	var f *fault.Error
	if !errors.As(err, &f) || f.Kind != fault.ConfigMapNotFound {
		t.Fatalf("error %v of kind %s", err, fault.KindOf(err))
	}
	want := []Missing{
		{Kind: KindConfigMap, Object: "flags", EnvFrom: true},
		{Kind: KindSecret, Object: "db", Variables: []string{"A", "B"}},
		{Kind: KindConfigMap, Object: "cfg", Key: "nokey", Variables: []string{"C"}},
		{Kind: KindConfigMap, Object: "cfg", Key: "bin", Variables: []string{"D"}},
	}
	if diff := cmp.Diff(want, f.Detail["missing"]); diff != "" {
		t.Error(diff)
	}
	for _, part := range []string{`"app"`, `"shop"`, `ConfigMap "flags" (for envFrom)`, `Secret "db" (for A, B)`, `key "nokey" of ConfigMap "cfg" (for C)`} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q lacks %s", err, part)
		}
	}
	if f.NextStep == "" {
		t.Error("no hint")
	}
	if v := lookup(t, env, "FINE"); v.Value != "1" {
		t.Error("the rest is not resolved")
	}

	for _, tt := range []struct {
		env  corev1.EnvVar
		kind fault.Kind
	}{
		{secretKey("A", "none", "k"), fault.SecretNotFound},
		{cmKey("A", "none", "k"), fault.ConfigMapNotFound},
		{cmKey("A", "cfg", "k"), fault.KeyNotFound},
	} {
		in.Container = container([]corev1.EnvVar{tt.env})
		if _, err := Resolve(in); !errors.Is(err, tt.kind) {
			t.Errorf("%v: got %v", tt.kind, err)
		}
	}
}

// The container started, so its sources were there: no error, but a word.
func TestMissingAfterActivation(t *testing.T) {
	env := mustResolve(t, Input{
		Container: container([]corev1.EnvVar{secretKey("PASS", "db", "pass")}, fromSecret("gone", "G_")),
		Observed:  []string{"PASS=hunter2", "G_TOKEN=t0ken", "LANG=C"},
	})
	if diff := cmp.Diff([]string{"source-missing", "source-missing PASS"}, warned(env)); diff != "" {
		t.Error(diff)
	}
	for name, secret := range map[string]bool{"PASS": true, "G_TOKEN": true, "LANG": false} {
		if v := lookup(t, env, name); v.Secret != secret || v.Value == "" {
			t.Errorf("%s: secret %v, value %q", name, v.Secret, v.Value)
		}
	}
}

func TestUnresolvedBeforeActivation(t *testing.T) {
	env := mustResolve(t, Input{
		Pod: &corev1.Pod{},
		Container: container([]corev1.EnvVar{
			fieldOf("POD", "metadata.name"), lit("ID", "x-$(POD)"), lit("API", "https://$(KUBERNETES_SERVICE_HOST)"), lit("PLAIN", "$(UNKNOWN)"),
		}),
	})
	if diff := cmp.Diff(map[string]string{"POD": "?", "ID": "?", "API": "?", "PLAIN": "$(UNKNOWN)"}, values(env)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"unresolved API", "unresolved ID", "unresolved POD"}, warned(env)); diff != "" {
		t.Error(diff)
	}
	if v := lookup(t, env, "PLAIN"); len(v.Notes) != 1 {
		t.Errorf("an unknown reference has the notes %q", v.Notes)
	}
}

func TestSecretTaint(t *testing.T) {
	env := mustResolve(t, Input{
		Container: container([]corev1.EnvVar{
			secretKey("PASS", "s", "p"), lit("USER_", "bob"),
			lit("URL", "pg://$(USER_):$(PASS)@db"), lit("URL2", "$(URL)?x"), lit("URL3", "$(URL2)"),
			lit("ESCAPED", "$$(PASS)"), lit("FROM", "$(TOKEN)"), cmKey("OPEN", "c", "k"),
			from("FILE", corev1.EnvVarSource{FileKeyRef: &corev1.FileKeySelector{VolumeName: "v", Path: "p", Key: "k"}}),
		}, fromSecret("t", "")),
		Secrets:    map[string]*corev1.Secret{"s": secret("p", "hunter2"), "t": secret("TOKEN", "t0ken")},
		ConfigMaps: map[string]*corev1.ConfigMap{"c": configMap("k", "v")},
	})
	want := map[string]bool{"PASS": true, "USER_": false, "URL": true, "URL2": true, "URL3": true,
		"ESCAPED": false, "FROM": true, "OPEN": false, "TOKEN": true, "FILE": true}
	got := map[string]bool{}
	for _, v := range env.Vars {
		got[v.Name] = v.Secret
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if v := lookup(t, env, "URL3"); v.Expansion != "$(URL2)" || v.Value != "pg://bob:hunter2@db?x" {
		t.Errorf("URL3 = %q from %q", v.Value, v.Expansion)
	}

	// Nothing that prints an environment shows a secret.
	text, err := json.Marshal(env)
	if err != nil {
		t.Fatal(err)
	}
	for _, form := range []string{string(text), fmt.Sprintf("%v", env), fmt.Sprintf("%+v", *env), fmt.Sprintf("%#v", env.Vars)} {
		if strings.Contains(form, "hunter2") || strings.Contains(form, "t0ken") {
			t.Errorf("a secret shows in %s", form)
		}
		if !strings.Contains(form, "USER_") || !strings.Contains(form, "bob") {
			t.Errorf("what is no secret does not show in %s", form)
		}
	}
}

func TestAbsent(t *testing.T) {
	env := mustResolve(t, Input{Container: container([]corev1.EnvVar{
		secretKey("B", "s", "k", true), cmKey("A", "c", "k", true)}),
		Secrets: map[string]*corev1.Secret{"s": secret()}})
	want := []Absence{
		{"A", `the optional reference sets nothing: ConfigMap "c" does not exist`},
		{"B", `the optional reference sets nothing: Secret "s" has no key "k"`},
	}
	if diff := cmp.Diff(want, env.Absent); diff != "" {
		t.Error(diff)
	}
}

func TestHash(t *testing.T) {
	hash := func(vars ...corev1.EnvVar) string { return mustResolve(t, Input{Container: container(vars)}).Hash() }
	a := hash(lit("A", "1"), lit("B", "2"))
	if b := hash(lit("B", "2"), lit("A", "0"), lit("A", "1")); a != b {
		t.Error("the same variables hash differently")
	}
	for name, other := range map[string]string{
		"value": hash(lit("A", "1"), lit("B", "3")), "shifted": hash(lit("A", "1B"), lit("", "2")), "fewer": hash(lit("A", "1")),
		"unresolved": hash(lit("A", "1"), fieldOf("B", "metadata.name")), "empty": hash(lit("A", "1"), lit("B", "")),
	} {
		if other == a {
			t.Errorf("%s: another environment has the same hash", name)
		}
	}
}

func TestReferences(t *testing.T) {
	got := References(container([]corev1.EnvVar{
		cmKey("A", "c2", "k"), cmKey("B", "c1", "k", true), secretKey("C", "s1", "k", true), secretKey("D", "s1", "k2", true),
		secretKey("E", "", "k"), lit("F", "x"), fieldOf("G", "metadata.name"),
	}, fromCM("c1", ""), fromSecret("s2", "", true), fromSecret("s3", "", false)))
	want := Refs{
		ConfigMaps: []Ref{{"c1", false}, {"c2", false}},
		Secrets:    []Ref{{"s2", true}, {"s3", false}, {"s1", true}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(Refs{}, References(nil)); diff != "" {
		t.Error(diff)
	}
}

// The size of a chain that doubles at each step is bounded.
func TestExpansionBomb(t *testing.T) {
	vars := []corev1.EnvVar{lit("V0", "xxxxxxxx")}
	for i := range 200 {
		vars = append(vars, lit(fmt.Sprintf("V%d", i+1), fmt.Sprintf("$(V%d)$(V%d)", i, i)))
	}
	env := mustResolve(t, Input{Container: container(vars)})
	if v := lookup(t, env, "V10"); len(v.Value) != 8<<10 {
		t.Errorf("V10 has %d bytes", len(v.Value))
	}
	if v := lookup(t, env, "V200"); !v.Unresolved {
		t.Errorf("V200 has %d bytes", len(v.Value))
	}
}

// The API server takes any bytes in a Secret, the container runtime only text.
func TestNotText(t *testing.T) {
	binary := &corev1.Secret{Data: map[string][]byte{"BLOB": []byte("\xff\xfe"), "TEXT": []byte("grüße"), "HIDDEN": []byte("\xff")}}
	in := Input{
		Container:  container([]corev1.EnvVar{lit("EMBEDS", "x$(BLOB)"), lit("HIDDEN", "text")}, fromSecret("s", "")),
		Secrets:    map[string]*corev1.Secret{"s": binary},
		Precedence: Kubelet,
	}
	var warned []string
	for _, w := range mustResolve(t, in).Warnings {
		if w.Code == WarnNotText {
			warned = append(warned, w.Variable)
		}
		if strings.Contains(w.Message, "\xff") {
			t.Errorf("the warning holds the value: %q", w.Message)
		}
	}
	if diff := cmp.Diff([]string{"BLOB", "EMBEDS"}, warned); diff != "" {
		t.Error(diff)
	}
}
