package envfile

import (
	"encoding/json"
	flags "flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
)

var updateGolden = flags.Bool("update-explain", false, "write testdata/explain anew")

// versioned gives a ConfigMap or a Secret a resourceVersion.
func versioned[T interface{ SetResourceVersion(string) }](o T, version string) T {
	o.SetResourceVersion(version)
	return o
}

// shopInput has one variable of each kind of history.
func shopInput() Input {
	return Input{
		Dev: []Var{{"LOG_LEVEL", "info", "envFiles:.env"}, {"LOG_LEVEL", "debug", "environment"}, {"LOG_LEVEL", "trace", "command line"}},
		Container: container([]corev1.EnvVar{
			lit("DB_USER", "shop"),
			secretKey("DB_PASSWORD", "db", "password"),
			lit("DB_HOST", "postgres"), lit("DB_PORT", "5432"),
			lit("DATABASE_URL", "postgres://$(DB_USER):$(DB_PASSWORD)@$(DB_HOST):$(DB_PORT)/shop"),
			lit("REPLICA_URL", "$(DATABASE_URL)?replica=$(REGION)&cost=$$(X)&$(LATER)$(LATE)$(ME)$("),
			lit("REGION", "first"), lit("REGION", "eu"),
			cmKey("LATE", "features", "late", true), secretKey("TOKEN", "gone", "token", true),
			lit("LATER", "x"), lit("LOG_LEVEL", "warn"),
			fieldOf("POD", "metadata.name"), lit("ID", "api-$(POD)"),
		}, fromCM("app", ""), fromSecret("credentials", ""), fromCM("optional", "OPT_", true), fromSecret("locked", "L_")),
		ConfigMaps: map[string]*corev1.ConfigMap{
			"app":      versioned(configMap("BOTH", "cm", "REGION", "cm", "ONLY_CM", "x"), "77"),
			"features": configMap("other", "x"),
		},
		Secrets: map[string]*corev1.Secret{
			"db":          versioned(secret("password", "hunter2"), "78"),
			"credentials": versioned(secret("BOTH", "hunter3"), "79"),
		},
		Unreadable: map[ObjectID]string{{KindSecret, "locked"}: "you may not get it"},
		Services:   []corev1.Service{},
	}
}

var shopForwards = []Forwarded{{"postgres", "shop", 5432, "127.0.0.1:15432"}}

// TestExplain holds explanations against testdata/explain, as JSON: the chain,
// the expansion, the comparison, the rewrite and the local merge.
func TestExplain(t *testing.T) {
	offline := shopInput()
	session := shopInput()
	session.Pod = runningPod()
	session.ConfigMaps["app"].BinaryData = map[string][]byte{"BINARY": {0}}
	session.Observed = []string{
		"DB_USER=shop", "DB_PASSWORD=hunter2", "DB_HOST=postgres", "DB_PORT=5432", "DATABASE_URL=postgres://shop:hunter2@postgres:5432/shop",
		"REPLICA_URL=x", "REGION=eu", "LATER=x", "LOG_LEVEL=warn", "POD=api-tandem-1", "ID=api-api-tandem-1", "BOTH=hunter3",
		"GOPATH=/go", "L_KEY=hunter4", "TOKEN=hunter5",
	}
	kubelet := session
	kubelet.Precedence = Kubelet
	for _, tt := range []struct {
		name string
		in   Input
		q    Question
	}{
		{"expansion", offline, Question{Name: "REPLICA_URL"}},
		{"expansion-revealed", offline, Question{Name: "REPLICA_URL", Reveal: true}},
		{"secret-suggested", session, Question{Name: "DATABASE_URL"}},
		{"secret-rewritten", session, Question{Name: "DATABASE_URL", Hosts: HostsOn, Reveal: true}},
		{"host-rewritten", session, Question{Name: "DB_HOST", Hosts: HostsOn}},
		{"dev-above-spec", session, Question{Name: "LOG_LEVEL"}},
		{"precedence", session, Question{Name: "BOTH"}},
		{"precedence-kubelet", kubelet, Question{Name: "BOTH"}},
		{"duplicates", session, Question{Name: "REGION"}},
		{"optional-key-missing", offline, Question{Name: "LATE"}},
		{"optional-object-missing", offline, Question{Name: "OPT_X"}},
		{"optional-came-later", session, Question{Name: "TOKEN"}},
		{"unreadable", offline, Question{Name: "L_KEY"}},
		{"unreadable-observed", session, Question{Name: "L_KEY"}},
		{"unresolved", offline, Question{Name: "ID"}},
		{"filled-in", session, Question{Name: "ID"}},
		{"binary", session, Question{Name: "BINARY"}},
		{"only-observed", session, Question{Name: "GOPATH"}},
		{"renamed", session, Question{Name: "DB_USER", Policy: MergePolicy{Rename: []Rename{{"DB_*", "PG*"}}}}},
		{"excluded", session, Question{Name: "DB_USER", Policy: MergePolicy{Exclude: []string{"DB_*"}}}},
		{"any-case", session, Question{Name: "db_user", Policy: MergePolicy{Names: FoldCase}}},
		{"unknown", offline, Question{Name: "DATABSE_URL"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.q.Forwarded, tt.q.Own = shopForwards, []string{"LOG_LEVEL=mine", "GOPATH=/home/me/go"}
			if tt.q.Policy.Names == PlatformCase {
				tt.q.Policy.Names = ExactCase
			}
			got, err := json.MarshalIndent(Explain(tt.in, tt.q), "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			if !tt.q.Reveal && strings.Contains(string(got), "hunter") {
				t.Errorf("the value of a secret shows:\n%s", got)
			}
			golden := filepath.Join("testdata", "explain", tt.name+".json")
			if *updateGolden {
				if err := os.WriteFile(golden, append(got, '\n'), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.Split(strings.TrimSuffix(string(want), "\n"), "\n"), strings.Split(string(got), "\n")); diff != "" {
				t.Errorf("-want +got; run with -update-explain if this is meant:\n%s", diff)
			}
			// What one process explains another can show.
			var back Explanation
			if err := json.Unmarshal(got, &back); err != nil {
				t.Fatal(err)
			}
			if again, _ := json.MarshalIndent(back, "", "  "); string(again) != string(got) {
				t.Errorf("read back and written again it is\n%s", again)
			}
		})
	}
}

// What Explain tells is what Resolve does, for every variable.
func TestExplainAgreesWithResolve(t *testing.T) {
	for _, precedence := range []Precedence{Documented, Kubelet} {
		in := shopInput()
		in.Pod, in.Precedence = runningPod(), precedence
		in.Observed = []string{"DB_USER=other", "BOTH=hunter3", "IMAGE=1", "HOSTNAME=api-0"}
		env := mustResolve(t, in)
		for _, v := range env.Vars {
			e := Explain(in, Question{Name: v.Name, Reveal: true})
			if e.Status == StatusUnresolved && v.Unresolved {
				continue
			}
			if e.Status != StatusSet || e.Value == nil || *e.Value != v.Value || e.Secret != v.Secret {
				t.Errorf("%s: %s, %v", v.Name, e.Status, e.Value)
			}
			var used, shadowed []Origin
			for _, s := range e.Chain {
				switch s.Outcome {
				case Used:
					used = append(used, s.Origin)
				case Shadowed:
					shadowed = append(shadowed, s.Origin)
				}
			}
			if diff := cmp.Diff([]Origin{v.Origin}, used); diff != "" {
				t.Errorf("%s: %s", v.Name, diff)
			}
			if diff := cmp.Diff(v.Shadowed, shadowed); diff != "" {
				t.Errorf("%s: %s", v.Name, diff)
			}
		}
	}
}

// A chain that doubles with every line is told in as many steps as it has lines.
func TestExplainIsBounded(t *testing.T) {
	vars := []corev1.EnvVar{lit("V0", "")}
	for i := range 40 {
		name := func(n int) string { return "V" + strings.Repeat("I", n) }
		vars = append(vars, lit(name(i+1), "$("+name(i)+")$("+name(i)+")"))
	}
	vars[0].Name = "V"
	e := Explain(Input{Container: container(vars)}, Question{Name: "V" + strings.Repeat("I", 40)})
	text, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	if e.Status != StatusSet || len(text) > 100_000 {
		t.Errorf("%s in %d bytes", e.Status, len(text))
	}
}

// A missing required source is an error for Resolve and a reason for Explain.
func TestExplainMissing(t *testing.T) {
	in := Input{Container: container([]corev1.EnvVar{secretKey("A", "s", "k"), lit("B", "$(A)")})}
	for name, want := range map[string]string{"A": `Secret "s" does not exist`, "B": "it embeds $(A), which has no value yet"} {
		e := Explain(in, Question{Name: name})
		if e.Status != StatusUnresolved || len(e.Reasons) != 1 || e.Reasons[0] != want {
			t.Errorf("%s: %s %q", name, e.Status, e.Reasons)
		}
	}
}
