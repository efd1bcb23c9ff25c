package envfile

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
)

func TestObserved(t *testing.T) {
	services := []corev1.Service{service("shop", "db", "10.0.0.2", corev1.ServicePort{Port: 5432})}
	tests := []struct {
		name     string
		in       Input
		want     map[string]string
		warnings []string
	}{
		{"equal", Input{Container: container([]corev1.EnvVar{lit("A", "1")}), Observed: []string{"A=1"}},
			map[string]string{"A": "1"}, nil},
		{"raw bytes and = in the value", Input{Observed: []string{"A=\xff=\n", "B="}},
			map[string]string{"A": "\xff=\n", "B": ""}, nil},
		{"the container's value wins", Input{Container: container([]corev1.EnvVar{lit("A", "1")}), Observed: []string{"A=2"}},
			map[string]string{"A": "2"}, []string{"observed-differs A"}},
		{"not in the container", Input{Container: container([]corev1.EnvVar{lit("A", "1")}), Observed: []string{}},
			map[string]string{"A": "1"}, []string{"not-observed A"}},
		{"field of another pod", Input{Pod: runningPod(), Container: container([]corev1.EnvVar{
			fieldOf("POD", "metadata.name"), lit("ID", "<$(POD)>"), lit("ID2", "$(ID)"), fieldOf("LABEL", "metadata.labels['none']")}),
			Observed: []string{"POD=api-tandem-1", "ID=<api-tandem-1>", "ID2=<api-tandem-1>", "LABEL=x"}},
			map[string]string{"POD": "api-tandem-1", "ID": "<api-tandem-1>", "ID2": "<api-tandem-1>", "LABEL": "x"}, nil},
		{"the template's unknowns are filled in", Input{Container: container([]corev1.EnvVar{
			fieldOf("POD", "metadata.name"), lit("API", "$(KUBERNETES_SERVICE_HOST)")}),
			Observed: []string{"POD=p", "API=10.0.0.1"}},
			map[string]string{"POD": "p", "API": "10.0.0.1"}, nil},
		{"an unknown that the container lacks", Input{Container: container([]corev1.EnvVar{fieldOf("POD", "metadata.name")}), Observed: []string{}},
			map[string]string{}, []string{"not-observed POD"}},
		{"dev stays on top", Input{Dev: []Var{{Name: "A", Value: "dev"}}, Container: container([]corev1.EnvVar{lit("A", "1")}), Observed: []string{"A=2"}},
			map[string]string{"A": "dev"}, nil},
		{"a service that moved", Input{Pod: runningPod(), Services: services, Observed: []string{
			"DB_SERVICE_HOST=10.0.0.9", "DB_SERVICE_PORT=5432", "DB_PORT=tcp://10.0.0.2:5432", "DB_PORT_5432_TCP=tcp://10.0.0.2:5432",
			"DB_PORT_5432_TCP_PROTO=tcp", "DB_PORT_5432_TCP_PORT=5432", "DB_PORT_5432_TCP_ADDR=10.0.0.2"}},
			map[string]string{
				"DB_SERVICE_HOST": "10.0.0.9", "DB_SERVICE_PORT": "5432", "DB_PORT": "tcp://10.0.0.2:5432", "DB_PORT_5432_TCP": "tcp://10.0.0.2:5432",
				"DB_PORT_5432_TCP_PROTO": "tcp", "DB_PORT_5432_TCP_PORT": "5432", "DB_PORT_5432_TCP_ADDR": "10.0.0.2"},
			[]string{"observed-differs DB_SERVICE_HOST"}},
		{"malformed entries", Input{Observed: []string{"nothing", "=x", "A=1"}},
			map[string]string{"A": "1"}, []string{"observed-malformed", "observed-malformed"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			env := mustResolve(t, tt.in)
			if diff := cmp.Diff(tt.want, values(env)); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(tt.warnings, warned(env)); diff != "" {
				t.Errorf("warnings: %s", diff)
			}
		})
	}
}

func TestObservedOrigins(t *testing.T) {
	pod := runningPod()
	pod.Spec.Containers = []corev1.Container{{Name: "app", Env: []corev1.EnvVar{
		lit("HOOK", "1"), secretKey("HOOK_SECRET", "vault", "k"), lit("HOOK_URL", "x$(HOOK_SECRET)"), lit("HOOK_PLAIN", "x$(HOOK)"),
		cmKey("HOOK_CM", "c", "k"), fieldOf("HOOK_FIELD", "metadata.name"),
	}}}
	c := container(nil)
	c.TTY = true
	env := mustResolve(t, Input{Pod: pod, Container: c, Observed: []string{
		"PATH=/usr/bin", "HOSTNAME=api-0", "TERM=xterm",
		"DB_SERVICE_HOST=10.0.0.2", "DB_SERVICE_PORT=1", "DB_PORT=tcp://10.0.0.2:1", "DB_PORT_1_TCP_ADDR=10.0.0.2", "DB_SERVICE_PORT_WEB=1",
		"MY_SERVICE_HOST_SERVICE_HOST=10.0.0.3", "MY_SERVICE_HOST_SERVICE_PORT=1",
		"APP_PORT=8080", "MAIL_SERVICE_HOST=mail.example.com", "MAIL_SERVICE_PORT=25", "DB_PASSWORD=x",
		"HOOK=1", "HOOK_SECRET=v", "HOOK_URL=xv", "HOOK_PLAIN=x1", "HOOK_CM=c", "HOOK_FIELD=api-0",
	}})
	image := Origin{Tier: Image, Object: "shop/api:1"}
	link := Origin{Tier: Service, Kind: KindService}
	want := map[string]Origin{
		"PATH": image, "HOSTNAME": {Tier: Injected}, "TERM": {Tier: Injected},
		"DB_SERVICE_HOST": link, "DB_SERVICE_PORT": link, "DB_PORT": link, "DB_PORT_1_TCP_ADDR": link, "DB_SERVICE_PORT_WEB": link,
		"MY_SERVICE_HOST_SERVICE_HOST": link, "MY_SERVICE_HOST_SERVICE_PORT": link,
		"APP_PORT": image, "MAIL_SERVICE_HOST": image, "MAIL_SERVICE_PORT": image, "DB_PASSWORD": image,
		"HOOK": {Tier: Injected}, "HOOK_SECRET": {Tier: Injected, Kind: KindSecret, Object: "vault", Key: "k"},
		"HOOK_URL": {Tier: Injected}, "HOOK_PLAIN": {Tier: Injected},
		"HOOK_CM":    {Tier: Injected, Kind: KindConfigMap, Object: "c", Key: "k"},
		"HOOK_FIELD": {Tier: Injected, Kind: KindField, Field: "metadata.name"},
	}
	got, secrets := map[string]Origin{}, []string{}
	for _, v := range env.Vars {
		got[v.Name] = v.Origin
		if v.Secret {
			secrets = append(secrets, v.Name)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"HOOK_SECRET", "HOOK_URL"}, secrets); diff != "" {
		t.Error(diff)
	}
}

// The image's HOSTNAME beats the runtime's, so only the pod's name is the runtime's.
func TestObservedHostname(t *testing.T) {
	long := strings.Repeat("a", 62) + "-tail"
	for _, tt := range []struct {
		change func(*corev1.Pod)
		value  string
		tier   Tier
	}{
		{func(*corev1.Pod) {}, "api-0", Injected},
		{func(*corev1.Pod) {}, "baked-in", Image},
		{func(p *corev1.Pod) { p.Name = "" }, "anything", Injected},
		{func(p *corev1.Pod) { p.Spec.Hostname = "web" }, "web", Injected},
		{func(p *corev1.Pod) { p.Spec.Hostname = "web" }, "api-0", Image},
		{func(p *corev1.Pod) { p.Name = long }, long[:62], Injected},
		{func(p *corev1.Pod) { p.Spec.HostNetwork = true }, "node-1", Injected},
		{func(p *corev1.Pod) { yes := true; p.Spec.SetHostnameAsFQDN = &yes }, "api-0.sub.shop.svc", Injected},
		{func(*corev1.Pod) {}, "api-0.sub.shop.svc", Image},
	} {
		pod := runningPod()
		tt.change(pod)
		env := mustResolve(t, Input{Pod: pod, Container: container(nil), Observed: []string{"HOSTNAME=" + tt.value}})
		if v := lookup(t, env, "HOSTNAME"); v.Origin.Tier != tt.tier {
			t.Errorf("HOSTNAME=%s in pod %q: %s, want %s", tt.value, pod.Name, v.Origin.Tier, tt.tier)
		}
	}
}

// A difference between computed and observed never uncovers a secret.
func TestObservedTaint(t *testing.T) {
	in := Input{
		Container: container([]corev1.EnvVar{
			secretKey("LATE", "late", "k", true), lit("URL", "x$(LATE)"), lit("PLAIN", "x"), lit("TOKEN", "not it"),
			lit("OVER", "first"), secretKey("OVER", "late", "k", true),
		}, fromSecret("later", "L_", true), fromSecret("s", "")),
		Secrets:  map[string]*corev1.Secret{"s": secret("TOKEN", "old")},
		Observed: []string{"LATE=v", "URL=xv", "PLAIN=y", "L_KEY=v", "TOKEN=new", "OVER=v", "OTHER=1"},
	}
	env := mustResolve(t, in)
	got := map[string]bool{}
	for _, v := range env.Vars {
		got[v.Name] = v.Secret
	}
	// LATE came to be after the API was read: its origin is in the spec.
	want := map[string]bool{"LATE": true, "URL": true, "PLAIN": false, "L_KEY": true, "TOKEN": true, "OVER": true, "OTHER": false}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestWarningsHoldNoValue(t *testing.T) {
	env := mustResolve(t, Input{
		Container: container([]corev1.EnvVar{secretKey("A", "s", "k"), lit("B", "p$(A)"), secretKey("C", "s", "k")}, fromCM("c", ""), fromSecret("s", "")),
		Secrets:   map[string]*corev1.Secret{"s": secret("k", "hunter2", "BOTH", "hunter2")}, ConfigMaps: map[string]*corev1.ConfigMap{"c": configMap("BOTH", "plain")},
		Observed: []string{"A=hunter3", "B=hunter3", "k=hunter2", "BOTH=hunter2", "hunter2"},
	})
	if len(env.Warnings) != 5 {
		t.Errorf("warnings: %v", warned(env))
	}
	for _, w := range env.Warnings {
		if strings.Contains(w.Message, "hunter") {
			t.Errorf("a value shows in %q", w.Message)
		}
	}
	for _, v := range env.Vars {
		for _, n := range v.Notes {
			if strings.Contains(n, "hunter") {
				t.Errorf("a value shows in %q", n)
			}
		}
	}
}
