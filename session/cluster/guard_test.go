package cluster

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/session/agent/giveback"
)

// What is written here for the agent's guard is what that one reads.
func TestGuardPlanIsGiveback(t *testing.T) {
	text, err := json.Marshal(guardPlan{Namespace: "shop", Kind: KindDeployment, Name: "api", UID: "u", Token: "t", Replicas: 2,
		Deployment: "d", DeploymentUID: "du", Secret: "s", ReplicaSets: []string{"r"}})
	if err != nil {
		t.Fatal(err)
	}
	var got giveback.Plan
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&got); err != nil {
		t.Fatal(err)
	}
	want := giveback.Plan{Namespace: "shop", Kind: "Deployment", Name: "api", UID: "u", Token: "t", Replicas: 2,
		Deployment: "d", DeploymentUID: "du", Secret: "s", ReplicaSets: []string{"r"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if giveback.Mark != SessionAnnotation || giveback.Ending != guardEnding {
		t.Error("the two rooms disagree on a name")
	}
}

// The guard's token is for the dev container alone: none of its neighbours mounts
// it, and where containers see each other's processes there is none.
func TestGuardsTokenIsTheAgentsAlone(t *testing.T) {
	w := readWorkload(t, "testdata/template/sidecars.in.yaml")
	spec := DivertSpec{SessionID: "shop/api", Since: time.Unix(1, 0), GuardTTL: time.Minute}
	r := (&Cluster{}).Record(w, spec)
	template, _ := devTemplate(w, r.agentSpec(spec))
	volume := ""
	for _, v := range template.Spec.Volumes {
		if v.Secret != nil && v.Secret.SecretName == r.Guard {
			volume = v.Name
		}
	}
	if volume == "" {
		t.Fatal("no volume has the token")
	}
	mounted := map[string]bool{}
	all := append(append([]corev1.Container{}, template.Spec.Containers...), template.Spec.InitContainers...)
	for _, c := range all {
		for _, m := range c.VolumeMounts {
			if m.Name == volume {
				mounted[c.Name] = true
			}
		}
	}
	if len(all) < 3 || len(mounted) != 1 || !mounted[w.Container] {
		t.Errorf("of %d containers %v mount it", len(all), mounted)
	}
	w.Template.Spec.ShareProcessNamespace = ptr.To(true)
	if why, err := (&Cluster{}).MayGuard(t.Context(), w, nil); err != nil || !strings.Contains(why, "each other's processes") {
		t.Errorf("with a shared process namespace: %q, %v", why, err)
	}
	if none := (&Cluster{}).Record(w, DivertSpec{GuardTTL: -1}); none.Guard != "" || none.GuardTTL != 0 {
		t.Errorf("without a TTL: %+v", none)
	}
}

// Every rule of the guard names its objects, and none creates, lists or watches.
func TestGuardRulesNameTheirObjects(t *testing.T) {
	for _, rule := range guardRules(Record{Kind: KindStatefulSet, Name: "db", Deployment: "db-tandem", Secret: "db-tandem-t"}, []string{"rs"}) {
		if len(rule.ResourceNames) == 0 {
			t.Errorf("%+v", rule)
		}
		for _, v := range rule.Verbs {
			if v != "get" && v != "patch" && v != "delete" {
				t.Errorf("%+v", rule)
			}
		}
	}
}

func TestTakenBack(t *testing.T) {
	r := Record{Token: "t1", Replicas: 2, Guard: "g", GuardTTL: 15 * time.Minute}
	marked := func(token, ending string) *Diversion { return &Diversion{Record: Record{Token: token, Ending: ending}} }
	for _, test := range []struct {
		name string
		w    Workload
		want string // of the message; "" for nil
	}{
		{"still ours", Workload{Diverted: marked("t1", "")}, ""},
		{"somebody else's", Workload{Diverted: marked("t2", "")}, ""},
		{"the mark was removed by hand", Workload{Replicas: 0}, ""},
		{"the guard is at it", Workload{Diverted: marked("t1", guardEnding)}, "by the guard in the cluster: nothing was heard of this machine for 15m0s"},
		{"another tandem is at it", Workload{Diverted: marked("t1", "tandem")}, "by tandem"},
		{"it is done", Workload{Replicas: 2}, "while this machine was away: by the guard in the cluster, which does so after 15m0s, or by somebody else"},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.w.Kind, test.w.Name = KindDeployment, "api"
			err := takenBack(&test.w, r)
			if test.want == "" {
				if err != nil {
					t.Errorf("%v", err)
				}
				return
			}
			if fault.KindOf(err) != fault.TakenBack || !strings.Contains(err.Error(), test.want) || fault.HintOf(err) == "" {
				t.Errorf("%v (%s)", err, fault.HintOf(err))
			}
		})
	}
}

func TestGreeting(t *testing.T) {
	for line, want := range map[string]struct {
		presence Presence
		away     time.Duration
	}{
		"SSH-2.0-tandem linked\r\n":   {PresenceLinked, 0},
		"SSH-2.0-tandem away=0\r\n":   {PresenceAway, 0},
		"SSH-2.0-tandem away=412\r\n": {PresenceAway, 412 * time.Second},
		"SSH-2.0-tandem\r\n":          {PresenceUnknown, 0},
		"SSH-2.0-tandem away=-1\r\n":  {PresenceUnknown, 0},
		"SSH-2.0-tandem away=x":       {PresenceUnknown, 0},
		"":                            {PresenceUnknown, 0},
	} {
		if p, away := readGreeting(line); p != want.presence || away != want.away {
			t.Errorf("%q: %s, %s", line, p, away)
		}
	}
}
