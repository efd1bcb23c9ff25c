package envfile

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"pgregory.net/rapid"
)

// What the runtime makes of image ENV, seen with containerd 1.6.
func TestImageEnv(t *testing.T) {
	template := func(change func(*corev1.PodSpec)) *corev1.Pod {
		p := &corev1.Pod{}
		p.Namespace = "shop"
		if change != nil {
			change(&p.Spec)
		}
		return p
	}
	tty := container(nil)
	tty.TTY = true
	yes := true
	const path = runtimePath
	tests := []struct {
		name string
		in   Input
		want map[string]string // "?" is unresolved
	}{
		{"unknown adds nothing", Input{Container: container(nil)}, map[string]string{}},
		{"no ENV", Input{ImageEnv: []string{}}, map[string]string{"PATH": path, "HOSTNAME": "?", "HOME": "?"}},
		{"the last counts, an entry without = sets nothing", Input{ImageEnv: []string{"A=1", "A=2=", "B", "C=1", "C", "PATH=/p"}},
			map[string]string{"A": "2=", "C": "1", "PATH": "/p", "HOSTNAME": "?", "HOME": "?"}},
		{"an entry without = takes away what the runtime sets", Input{ImageEnv: []string{"PATH=/p", "PATH", "HOSTNAME", "HOME"}},
			map[string]string{"HOME": "?"}},
		{"and a later one gives it back", Input{ImageEnv: []string{"PATH", "PATH=/p"}},
			map[string]string{"PATH": "/p", "HOSTNAME": "?", "HOME": "?"}},
		{"the spec is above", Input{ImageEnv: []string{"A=i", "HOME=/i", "PATH"}, Container: container([]corev1.EnvVar{lit("A", "s"), lit("PATH", ""), lit("HOSTNAME", "h")})},
			map[string]string{"A": "s", "HOME": "/i", "PATH": "", "HOSTNAME": "h"}},
		{"optional shows the image", Input{ImageEnv: []string{"A=i", "HOME=/i"}, Container: container([]corev1.EnvVar{cmKey("A", "no", "x", true), lit("B", "$(A)")})},
			map[string]string{"A": "i", "B": "$(A)", "HOME": "/i", "PATH": path, "HOSTNAME": "?"}},
		{"an empty HOME is none", Input{ImageEnv: []string{"HOME=/i"}, Container: container([]corev1.EnvVar{lit("HOME", "")})},
			map[string]string{"PATH": path, "HOSTNAME": "?", "HOME": "?"}},
		{"tty", Input{ImageEnv: []string{"HOME=/"}, Container: tty}, map[string]string{"TERM": "xterm", "HOME": "/", "PATH": path, "HOSTNAME": "?"}},
		{"tty of the image", Input{ImageEnv: []string{"HOME=/", "TERM=vt100"}, Container: tty}, map[string]string{"TERM": "vt100", "HOME": "/", "PATH": path, "HOSTNAME": "?"}},
		{"hostname", Input{ImageEnv: []string{"HOME=/"}, Pod: template(func(s *corev1.PodSpec) { s.Hostname, s.Subdomain = "h", "sub" })},
			map[string]string{"HOSTNAME": "h", "HOME": "/", "PATH": path}},
		{"full hostname", Input{ImageEnv: []string{"HOME=/"}, Pod: template(func(s *corev1.PodSpec) {
			s.Hostname, s.Subdomain, s.SetHostnameAsFQDN = "h", "sub", &yes
		})}, map[string]string{"HOSTNAME": "?", "HOME": "/", "PATH": path}},
		{"the node's network", Input{ImageEnv: []string{"HOME=/"}, Pod: template(func(s *corev1.PodSpec) { s.Hostname, s.HostNetwork = "h", true })},
			map[string]string{"HOSTNAME": "?", "HOME": "/", "PATH": path}},
		{"services are above", Input{ImageEnv: []string{"HOME=/", "DB_SERVICE_HOST=i", "DB_OTHER=i"}, Pod: template(nil),
			Services: []corev1.Service{service("shop", "db", "10.0.0.1", corev1.ServicePort{Port: 1})}},
			map[string]string{"DB_SERVICE_HOST": "10.0.0.1", "DB_OTHER": "i", "DB_SERVICE_PORT": "1", "DB_PORT": "tcp://10.0.0.1:1", "DB_PORT_1_TCP": "tcp://10.0.0.1:1",
				"DB_PORT_1_TCP_PROTO": "tcp", "DB_PORT_1_TCP_PORT": "1", "DB_PORT_1_TCP_ADDR": "10.0.0.1", "HOME": "/", "PATH": path, "HOSTNAME": "?"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, values(mustResolve(t, test.in))); diff != "" {
				t.Errorf("environment (-want +got):\n%s", diff)
			}
		})
	}
}

func TestImageEnvOrigins(t *testing.T) {
	env := mustResolve(t, Input{ImageEnv: []string{"A=1", "K=1"}, Container: container(nil, fromCM("c", "")),
		ConfigMaps: map[string]*corev1.ConfigMap{"c": configMap("K", "2")}})
	if diff := cmp.Diff(Origin{Tier: Image, Object: "shop/api:1"}, lookup(t, env, "A").Origin); diff != "" {
		t.Errorf("origin of A (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]Origin{{Tier: Image, Object: "shop/api:1"}}, lookup(t, env, "K").Shadowed); diff != "" {
		t.Errorf("K shadows (-want +got):\n%s", diff)
	}
	if o := lookup(t, env, "PATH").Origin; o.Tier != Injected {
		t.Errorf("PATH comes from %v", o)
	}
}

// An object that may not be read leaves what depends on it unresolved, with the
// reason, and everything else as it is.
func TestUnreadable(t *testing.T) {
	env := mustResolve(t, Input{
		Container: container([]corev1.EnvVar{lit("A", "1"), secretKey("P", "s", "k"), secretKey("Q", "s", "k", true), lit("URL", "$(P)@$(A)"),
			lit("MAYBE", "$(X_KEY)"), lit("NEVER", "$(OTHER)")}, fromCM("c", "X_", true)),
		Services:   []corev1.Service{},
		Unreadable: map[ObjectID]string{{KindSecret, "s"}: "you may not get it", {KindConfigMap, "c"}: "you may not get it"},
	})
	if diff := cmp.Diff(map[string]string{"A": "1", "P": "?", "Q": "?", "URL": "?", "MAYBE": "?", "NEVER": "$(OTHER)"}, values(env)); diff != "" {
		t.Errorf("environment (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"source-unreadable", "unresolved MAYBE", "unresolved P", "unresolved Q", "unresolved URL"}, warned(env)); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
	if v := lookup(t, env, "URL"); !v.Secret {
		t.Error("URL embeds a Secret and is not secret")
	}
}

// Without the API server's Service its variables are not known, which is not
// the same as not there.
func TestServicesInPart(t *testing.T) {
	off := false
	pod := &corev1.Pod{Spec: corev1.PodSpec{EnableServiceLinks: &off}}
	in := Input{Pod: pod, Container: container([]corev1.EnvVar{lit("A", "$(KUBERNETES_SERVICE_HOST)"), lit("B", "$(DB_SERVICE_HOST)")})}
	for _, services := range [][]corev1.Service{nil, {}} {
		in.Services = services
		if diff := cmp.Diff(map[string]string{"A": "?", "B": "$(DB_SERVICE_HOST)"}, values(mustResolve(t, in))); diff != "" {
			t.Errorf("services %v (-want +got):\n%s", services, diff)
		}
	}
}

// What a running container shows, less what its spec explains, stands in for
// its image: resolved with it, the same environment comes out.
func TestImageEnvOf(t *testing.T) {
	in := Input{Container: container([]corev1.EnvVar{lit("A", "spec"), fieldOf("POD", "metadata.name")}, fromSecret("s", "")), Pod: runningPod(),
		Secrets: map[string]*corev1.Secret{"s": secret("PASS", "hunter2")}}
	environ := []string{"PATH=/p", "HOSTNAME=api-0", "A=spec", "PASS=hunter2", "POD=api-0", "LANG=C", "HOME=/root"}
	got, err := ImageEnvOf(in, environ)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"HOME=/root", "LANG=C", "PATH=/p"}, got); diff != "" {
		t.Errorf("image ENV (-want +got):\n%s", diff)
	}
	in.Secrets, in.Unreadable = nil, map[ObjectID]string{{KindSecret, "s"}: "you may not get it"}
	if got, err = ImageEnvOf(in, environ); err != nil || len(got) > 0 {
		t.Errorf("with a Secret that may not be read: %q, %v; any of it may be the Secret's", got, err)
	}
}

// Whatever an image's ENV holds, no entry without "=" becomes a variable, and
// what the spec sets stays.
func TestImageEnvProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		entries := rapid.SliceOf(rapid.StringMatching(`[ABP]?(PATH|HOME|HOSTNAME)?(=[a-z=]*)?`)).Draw(t, "entries")
		env, err := Resolve(Input{ImageEnv: entries, Container: container([]corev1.EnvVar{lit("A", "spec")})})
		if err != nil {
			t.Fatal(err)
		}
		last := map[string]bool{}
		for _, e := range entries {
			for i := range len(e) {
				if e[i] == '=' {
					last[e[:i]] = true
					break
				}
			}
		}
		for _, v := range env.Vars {
			if v.Name == "A" && v.Value != "spec" {
				t.Errorf("A is %q", v.Value)
			}
			if v.Origin.Tier == Image && !last[v.Name] {
				t.Errorf("%s comes from no entry of %q", v, entries)
			}
		}
	})
}
