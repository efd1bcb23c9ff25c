package rpc

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	"github.com/tandem-dev/tandem/envfile"
	"github.com/tandem-dev/tandem/session"
)

// explaining is a fake whose sessions have DATABASE_URL, made of a Secret.
func explaining(asked *[]session.ExplainRequest) *fake {
	in := envfile.Input{
		Container: &corev1.Container{Name: "api", Env: []corev1.EnvVar{
			{Name: "PASSWORD", ValueFrom: &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{
				LocalObjectReference: corev1.LocalObjectReference{Name: "db"}, Key: "password"}}},
			{Name: "DATABASE_URL", Value: "postgres://u:$(PASSWORD)@db:5432/"},
		}},
		Secrets:  map[string]*corev1.Secret{"db": {Data: map[string][]byte{"password": []byte("hunter2")}}},
		Observed: []string{"PASSWORD=hunter2", "DATABASE_URL=postgres://u:hunter2@db:5432/"},
	}
	return &fake{explain: func(r session.ExplainRequest) *envfile.Explanation {
		*asked = append(*asked, r)
		return envfile.Explain(in, envfile.Question{Name: r.Name, Reveal: r.Reveal, Hosts: envfile.HostsOn,
			Forwarded: []envfile.Forwarded{{Service: "db", Namespace: "shop", RemotePort: 5432, LocalAddress: "127.0.0.1:15432"}}})
	}}
}

func TestEnvExplain(t *testing.T) {
	var asked []session.ExplainRequest
	p := serve(t, explaining(&asked)).initialize(`{}`)
	p.call(1, "env/explain", `{"id":"shop/api","name":"DATABASE_URL"}`)
	want := `{"name":"DATABASE_URL","status":"set","secret":true,"chain":[{"origin":{"tier":"spec"},"outcome":"used","secret":true,` +
		`"text":"postgres://u:$(PASSWORD)@db:5432/","references":[{"text":"$(PASSWORD)","name":"PASSWORD","outcome":"replaced",` +
		`"origin":{"tier":"spec","kind":"Secret","object":"db","key":"password"},"secret":true,"references":[]}]}],` +
		`"observed":{"comparison":"equal","reason":"the running container has the same value"},` +
		`"rewrite":{"applied":true,"forwards":[{"service":"db","remotePort":5432,"localAddress":"127.0.0.1:15432"}]},` +
		`"local":{"action":"applied","replaces":false,"reason":"the workload's spec sets it"},"reasons":[],"notes":[],"warnings":[],"similar":[]}`
	if diff := cmp.Diff(want, string(p.answer(1).Result)); diff != "" {
		t.Error(diff)
	}

	p.call(2, "env/explain", `{"id":"shop/api","name":"DATABASE_URL","reveal":true}`)
	var revealed struct {
		Value    string
		Observed struct{ Value string }
		Rewrite  struct{ Before, After string }
	}
	if err := json.Unmarshal(p.answer(2).Result, &revealed); err != nil {
		t.Fatal(err)
	}
	if before, after := "postgres://u:hunter2@db:5432/", "postgres://u:hunter2@127.0.0.1:15432/"; revealed.Value != after ||
		revealed.Observed.Value != before || revealed.Rewrite.Before != before || revealed.Rewrite.After != after {
		t.Errorf("revealed: %+v", revealed)
	}

	p.call(3, "env/explain", `{"id":"shop/api","name":"DATABSE_URL"}`)
	if r := string(p.answer(3).Result); !strings.Contains(r, `"status":"unknown"`) || !strings.Contains(r, `"similar":["DATABASE_URL"]`) {
		t.Errorf("unknown: %s", r)
	}

	path := absolute("okteto.yml")
	p.call(4, "env/explain", fmt.Sprintf(`{"manifest":%q,"dev":"api","name":"A"}`, uriOf(path)))
	p.answer(4)
	if diff := cmp.Diff(session.ExplainRequest{Manifest: path, Dev: "api", Name: "A"}, asked[3]); diff != "" {
		t.Error(diff)
	}
	for i, bad := range []string{`{}`, `{"id":"a"}`, `{"name":"A"}`, `{"id":"a","manifest":"/b","name":"A"}`, `{"manifest":"relative.yml","name":"A"}`} {
		p.call(10+i, "env/explain", bad)
		if m := p.answer(10 + i); code(m) != -32602 {
			t.Errorf("%s: %+v", bad, m)
		}
	}
}

// The trace of an explanation that reveals says who and why, not what.
func TestTraceOfExplanationHasNoValues(t *testing.T) {
	var asked []session.ExplainRequest
	p := serve(t, explaining(&asked)).initialize(`{"trace":"verbose"}`)
	p.call(1, "env/explain", `{"id":"shop/api","name":"DATABASE_URL","reveal":true}`)
	traced := false
	for {
		body := p.body()
		m := parse(t, body)
		if m.Method == "$/logTrace" {
			traced = traced || strings.Contains(body, "comparison")
			for _, value := range []string{"hunter2", "postgres://"} {
				if strings.Contains(body, value) {
					t.Errorf("the trace tells: %s", body)
				}
			}
		}
		if string(m.ID) == "1" {
			break
		}
	}
	if !traced {
		t.Error("the answer was not traced")
	}
}

// env/resolve says what becomes of each variable here.
func TestEnvResolveDecides(t *testing.T) {
	f := &fake{env: &envfile.Environment{Vars: []envfile.Variable{
		{Name: "APP_PORT", Value: "1", Origin: envfile.Origin{Tier: envfile.Spec}},
		{Name: "AWS_KEY", Value: "1", Origin: envfile.Origin{Tier: envfile.Spec}},
		{Name: "PATH", Value: "/bin", Origin: envfile.Origin{Tier: envfile.Image}},
	}}}
	p := serve(t, f).initialize(`{"initializationOptions":{"env":{"exclude":["AWS_*"],"rename":[{"from":"APP_*","to":"*"}]}}}`)
	p.call(1, "env/resolve", `{"id":"shop/api"}`)
	var result struct {
		Variables []struct {
			Name  string
			Local struct{ Action, As string }
		}
	}
	if err := json.Unmarshal(p.answer(1).Result, &result); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, v := range result.Variables {
		got = append(got, strings.TrimSpace(v.Name+" "+v.Local.Action+" "+v.Local.As))
	}
	if diff := cmp.Diff([]string{"APP_PORT applied PORT", "AWS_KEY left-out", "PATH kept-local"}, got); diff != "" {
		t.Error(diff)
	}
}
