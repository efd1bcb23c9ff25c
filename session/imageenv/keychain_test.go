package imageenv

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	corev1 "k8s.io/api/core/v1"
)

// config is a pull secret with one login.
func config(key, user, password string) corev1.Secret {
	content, err := json.Marshal(map[string]any{"auths": map[string]any{key: map[string]string{"username": user, "password": password}}})
	if err != nil {
		panic(err)
	}
	return corev1.Secret{Type: corev1.SecretTypeDockerConfigJson, Data: map[string][]byte{corev1.DockerConfigJsonKey: content}}
}

func TestFits(t *testing.T) {
	for _, test := range []struct {
		key, image string
		want       bool
	}{
		{"registry.example.com", "registry.example.com/a/b:1", true},
		{"https://registry.example.com", "registry.example.com/a/b:1", true},
		{"http://registry.example.com/v1/", "registry.example.com/a/b:1", true},
		{"registry.example.com/v2", "registry.example.com/a/b:1", true},
		{"registry.example.com/a", "registry.example.com/a/b:1", true},
		{"registry.example.com/c", "registry.example.com/a/b:1", false},
		{"example.com", "registry.example.com/a/b:1", false},
		{"*.example.com", "registry.example.com/a/b:1", true},
		{"*.com", "registry.example.com/a/b:1", false},
		{"reg*.example.com", "registry.example.com/a/b:1", true},
		{"[.example.com", "registry.example.com/a/b:1", false},
		{"registry.example.com:5000", "registry.example.com/a/b:1", false},
		{"registry.example.com:5000", "registry.example.com:5000/a/b:1", true},
		{"https://index.docker.io/v1/", "nginx", true},
		{"docker.io", "library/nginx:1", true},
		{"", "nginx", false},
	} {
		ref, err := name.ParseReference(test.image)
		if err != nil {
			t.Fatal(err)
		}
		host, path := splitKey(test.key)
		if got := (login{host: host, path: path}).fits(ref.Context()); got != test.want {
			t.Errorf("login %q fits %q: %v, want %v", test.key, test.image, got, test.want)
		}
	}
}

func TestLogins(t *testing.T) {
	data := func(kind corev1.SecretType, key, text string) *corev1.Secret {
		return &corev1.Secret{Type: kind, Data: map[string][]byte{key: []byte(text)}}
	}
	const auths = `{"r.example.com":{"auth":"dTpw"},"r.example.com/deep":{"username":"v","password":"q"}}`
	both := []string{"r.example.com/deep v q", "r.example.com/ u p"}
	for _, test := range []struct {
		name   string
		secret *corev1.Secret
		want   []string
	}{
		{"dockerconfigjson, the longest key first", data(corev1.SecretTypeDockerConfigJson, corev1.DockerConfigJsonKey, `{"auths":`+auths+`}`), both},
		{"dockercfg", data(corev1.SecretTypeDockercfg, corev1.DockerConfigKey, auths), both},
		{"malformed", data(corev1.SecretTypeDockerConfigJson, corev1.DockerConfigJsonKey, `{"auths":[`), nil},
		{"malformed dockercfg", data(corev1.SecretTypeDockercfg, corev1.DockerConfigKey, `[]`), nil},
		{"no data", data(corev1.SecretTypeDockerConfigJson, "other", ``), nil},
		{"another type", data(corev1.SecretTypeOpaque, corev1.DockerConfigJsonKey, `{"auths":`+auths+`}`), nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, l := range loginsOf(test.secret) {
				got = append(got, l.host+"/"+l.path+" "+l.auth.Username+" "+l.auth.Password)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("logins (-want +got):\n%s", diff)
			}
		})
	}
}

// A pull secret is whatever somebody wrote into the cluster.
func FuzzLogins(f *testing.F) {
	f.Add([]byte(`{"auths":{"https://index.docker.io/v1/":{"auth":"dTpw"}}}`))
	f.Add([]byte(`{"auths":{"*":{},"[":{"auth":"%"}}}`))
	repo, err := name.NewRepository("registry.example.com/a/b")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, kind := range []corev1.SecretType{corev1.SecretTypeDockerConfigJson, corev1.SecretTypeDockercfg} {
			s := corev1.Secret{Type: kind, Data: map[string][]byte{corev1.DockerConfigJsonKey: text, corev1.DockerConfigKey: text}}
			for _, a := range authenticators(repo, []corev1.Secret{s}, nobody{}) {
				_ = a
			}
		}
	})
}

// So is the id of an image whatever a runtime made up.
func FuzzIdentify(f *testing.F) {
	f.Add("api:1", "docker-pullable://r.example.com/api@sha256:0000000000000000000000000000000000000000000000000000000000000000")
	f.Add("", "sha256:0000000000000000000000000000000000000000000000000000000000000000")
	f.Fuzz(func(t *testing.T, image, id string) {
		got, err := identify(image, id)
		if err == nil && got.ref == nil {
			t.Errorf("identify(%q, %q) gives nothing to ask for", image, id)
		}
		if err == nil {
			got.digest()
		}
	})
}
