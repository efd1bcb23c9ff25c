package imageenv

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	corev1 "k8s.io/api/core/v1"

	"github.com/tandem-dev/tandem/internal/fault"
)

// lab is a real registry on a loopback port that can ask for a password.
type lab struct {
	t    *testing.T
	host string
	// transport is the one that pushes.
	transport *http.Transport

	mu       sync.Mutex
	password string // of the user "puller"; "" lets everybody in
	asked    []string
}

func newLab(t *testing.T) *lab {
	l := &lab{t: t, transport: &http.Transport{}}
	t.Cleanup(l.transport.CloseIdleConnections)
	inner := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		l.mu.Lock()
		want := l.password
		l.asked = append(l.asked, strings.TrimSpace(r.Method+" "+r.URL.Path+" "+user))
		l.mu.Unlock()
		if want != "" && (user != "puller" || password != want) {
			w.Header().Set("WWW-Authenticate", `Basic realm="lab"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		inner.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	l.host = strings.TrimPrefix(s.URL, "http://")
	return l
}

func (l *lab) lock(password string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.password = password
}

// requests since the last call.
func (l *lab) requests() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	asked := l.asked
	l.asked = nil
	return asked
}

func imageWith(t *testing.T, arch string, env ...string) v1.Image {
	t.Helper()
	config := &v1.ConfigFile{OS: "linux", Architecture: arch, RootFS: v1.RootFS{Type: "layers"}, Config: v1.Config{Env: env}}
	image, err := mutate.ConfigFile(empty.Image, config)
	if err != nil {
		t.Fatal(err)
	}
	return image
}

// push stores an image, or an index of several, and returns its digest.
func (l *lab) push(ref string, images ...v1.Image) v1.Hash {
	l.t.Helper()
	tag, err := name.NewTag(l.host + "/" + ref)
	if err != nil {
		l.t.Fatal(err)
	}
	var digest v1.Hash
	if len(images) == 1 {
		if err = remote.Write(tag, images[0], remote.WithTransport(l.transport)); err == nil {
			digest, err = images[0].Digest()
		}
	} else {
		index := mutate.IndexMediaType(empty.Index, "application/vnd.oci.image.index.v1+json")
		for _, image := range images {
			config, configErr := image.ConfigFile()
			if configErr != nil {
				l.t.Fatal(configErr)
			}
			index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: image,
				Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: config.Architecture}}})
		}
		if err = remote.WriteIndex(tag, index, remote.WithTransport(l.transport)); err == nil {
			digest, err = index.Digest()
		}
	}
	if err != nil {
		l.t.Fatal(err)
	}
	return digest
}

// nobody has no credentials.
type nobody struct{}

func (nobody) Resolve(authn.Resource) (authn.Authenticator, error) { return authn.Anonymous, nil }

// developer is logged in everywhere.
type developer struct{ user, password string }

func (d developer) Resolve(authn.Resource) (authn.Authenticator, error) {
	return &authn.Basic{Username: d.user, Password: d.password}, nil
}

func reader(t *testing.T) *Reader {
	return New(Options{CacheDir: filepath.Join(t.TempDir(), "cache"), Keychain: nobody{}})
}

func mustRead(t *testing.T, r *Reader, q Request) []string {
	t.Helper()
	env, err := r.Read(t.Context(), q)
	if err != nil {
		t.Fatalf("Read(%s, %s): %v", q.Image, q.ID, err)
	}
	return env
}

func TestReadTheImageThatRuns(t *testing.T) {
	l := newLab(t)
	old := imageWith(t, "amd64", "WHICH=old", "X", "X=1", "X=2")
	oldDigest := l.push("api:1", old)
	config, err := old.ConfigName()
	if err != nil {
		t.Fatal(err)
	}
	l.push("api:1", imageWith(t, "amd64", "WHICH=new"))
	was := []string{"WHICH=old", "X", "X=1", "X=2"}
	for _, test := range []struct {
		name, id string
		want     []string
	}{
		{"nothing runs", "", []string{"WHICH=new"}},
		{"containerd", l.host + "/api@" + oldDigest.String(), was},
		{"docker through a shim", "docker-pullable://" + l.host + "/api@" + oldDigest.String(), was},
		{"a config's digest", config.String(), was},
		{"docker's own id", "docker://" + config.String(), was},
		{"digits alone", config.Hex, was},
	} {
		t.Run(test.name, func(t *testing.T) {
			q := Request{Image: l.host + "/api:1", ID: test.id}
			r := reader(t)
			if diff := cmp.Diff(test.want, mustRead(t, r, q)); diff != "" {
				t.Errorf("ENV (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.want, mustRead(t, r, q)); diff != "" {
				t.Errorf("ENV the second time (-want +got):\n%s", diff)
			}
		})
	}
}

func TestReadOfThePlatform(t *testing.T) {
	l := newLab(t)
	digest := l.push("api:1", imageWith(t, "amd64", "ARCH=amd64"), imageWith(t, "arm64", "ARCH=arm64"))
	r := reader(t)
	for _, arch := range []string{"amd64", "arm64", "amd64"} {
		q := Request{Image: "api:1", ID: l.host + "/api@" + digest.String(), Platform: v1.Platform{OS: "linux", Architecture: arch}}
		if diff := cmp.Diff([]string{"ARCH=" + arch}, mustRead(t, r, q)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", arch, diff)
		}
	}
}

func TestReadWithoutENV(t *testing.T) {
	l := newLab(t)
	l.push("api:1", imageWith(t, "amd64"))
	if env := mustRead(t, reader(t), Request{Image: l.host + "/api:1"}); env == nil || len(env) > 0 {
		t.Errorf("ENV is %#v, want an empty list", env)
	}
}

func TestReadKeepsByDigest(t *testing.T) {
	l := newLab(t)
	digest := l.push("api:1", imageWith(t, "amd64", "A=1"))
	dir := filepath.Join(t.TempDir(), "a", "cache")
	q := Request{Image: l.host + "/api:1", ID: l.host + "/api@" + digest.String()}
	first := New(Options{CacheDir: dir, Keychain: nobody{}})
	mustRead(t, first, q)
	l.requests()
	mustRead(t, New(Options{CacheDir: dir, Keychain: nobody{}}), q)
	if asked := l.requests(); len(asked) > 0 {
		t.Errorf("the second time asks %v", asked)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) != 1 {
		t.Fatalf("files: %v, %v", files, err)
	}
	info, err := os.Stat(files[0])
	if err != nil || runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		t.Errorf("%s has mode %v, %v", files[0], info.Mode(), err)
	}
	// Half a file is none.
	if err := os.WriteFile(files[0], []byte(`{"env":["A=`), 0o600); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"A=1"}, mustRead(t, first, q)); diff != "" {
		t.Errorf("after a broken file (-want +got):\n%s", diff)
	}
}

func TestReadGoesOnWithoutACache(t *testing.T) {
	l := newLab(t)
	l.push("api:1", imageWith(t, "amd64", "A=1"))
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r := New(Options{CacheDir: filepath.Join(file, "below"), Keychain: nobody{}})
	if diff := cmp.Diff([]string{"A=1"}, mustRead(t, r, Request{Image: l.host + "/api:1"})); diff != "" {
		t.Errorf("ENV (-want +got):\n%s", diff)
	}
}

func TestCacheIsBounded(t *testing.T) {
	c := cache{t.TempDir()}
	for i := range most + 5 {
		hash := v1.Hash{Algorithm: "sha256", Hex: fmt.Sprintf("%064x", i)}
		if err := c.put(hash, v1.Platform{OS: "linux"}, []string{}); err != nil {
			t.Fatal(err)
		}
	}
	if files, err := os.ReadDir(c.dir); err != nil || len(files) != most {
		t.Errorf("%d files, %v, want %d", len(files), err, most)
	}
}

func TestCredentialsInOrder(t *testing.T) {
	const password = "let me in"
	for _, test := range []struct {
		name    string
		secrets []corev1.Secret
		own     authn.Keychain
		fails   bool
		users   []string // that the manifest is asked for with, in order
	}{
		{"the workload's", []corev1.Secret{config("HOST", "puller", password)}, developer{"dev", "x"}, false, []string{"puller"}},
		{"the next where one is refused", []corev1.Secret{config("HOST", "old", "x"), config("HOST", "puller", password)}, nobody{}, false, []string{"old", "puller"}},
		{"of another registry are not shown", []corev1.Secret{config("other.example.com", "spy", "x"), config("HOST/api", "puller", password)}, nobody{}, false, []string{"puller"}},
		{"the developer's own last", []corev1.Secret{config("HOST", "old", "x")}, developer{"puller", password}, false, []string{"old", "puller"}},
		{"none does", []corev1.Secret{config("HOST", "old", "x")}, nobody{}, true, []string{"old", ""}},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := newLab(t)
			l.push("api/server:1", imageWith(t, "amd64", "A=1"))
			l.lock(password)
			l.requests()
			for i := range test.secrets {
				for k, v := range test.secrets[i].Data {
					test.secrets[i].Data[k] = []byte(strings.ReplaceAll(string(v), "HOST", l.host))
				}
			}
			r := New(Options{Keychain: test.own})
			_, err := r.Read(t.Context(), Request{Image: l.host + "/api/server:1", PullSecrets: test.secrets})
			if (err != nil) != test.fails {
				t.Errorf("Read: %v", err)
			}
			var users []string
			for _, request := range l.requests() {
				if rest, ok := strings.CutPrefix(request, "GET /v2/api/server/manifests/1"); ok {
					users = append(users, strings.TrimSpace(rest))
				}
			}
			if diff := cmp.Diff(test.users, users); diff != "" {
				t.Errorf("users (-want +got):\n%s", diff)
			}
			if err != nil && (fault.KindOf(err) != fault.ImagePullFailed || !strings.Contains(err.Error(), l.host) || strings.Contains(err.Error(), password)) {
				t.Errorf("error %s: %v", fault.KindOf(err), err)
			}
		})
	}
}

func TestFailures(t *testing.T) {
	l := newLab(t)
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	release := make(chan struct{})
	silent := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer silent.Close()
	defer close(release)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for _, test := range []struct {
		name, image string
		ctx         context.Context
		kind        fault.Kind
		says        string
	}{
		{"not there", l.host + "/nope:1", t.Context(), fault.ImagePullFailed, "refuses to give image"},
		{"unreachable", strings.TrimPrefix(gone.URL, "http://") + "/api:1", t.Context(), fault.ImagePullFailed, "connection refused"},
		{"silent", strings.TrimPrefix(silent.URL, "http://") + "/api:1", t.Context(), fault.Timeout, "did not answer in time"},
		{"cancelled", l.host + "/api:1", cancelled, fault.Cancelled, "reading image"},
		{"malformed", "UPPER/case:1", t.Context(), fault.InvalidParams, "UPPER/case:1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := New(Options{Keychain: nobody{}, Timeout: 300 * time.Millisecond})
			_, err := r.Read(test.ctx, Request{Image: test.image})
			if !errors.Is(err, test.kind) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("%s: %v, want %s with %q", fault.KindOf(err), err, test.kind, test.says)
			}
		})
	}
}

// Present asks by one HEAD, with the workload's credentials first, and tells a
// registry that says no from one that cannot be asked.
func TestPresent(t *testing.T) {
	l := newLab(t)
	image, digest := l.host+"/team/app:1", l.push("team/app:1", empty.Image).String()
	r := New(Options{Keychain: authn.NewMultiKeychain()})
	l.requests()
	if got, err := r.Present(t.Context(), Request{Image: image}); err != nil || got != digest {
		t.Errorf("%s, %v; want %s", got, err, digest)
	}
	for _, asked := range l.requests() {
		if strings.HasPrefix(asked, "GET") && strings.Contains(asked, "/manifests/") {
			t.Errorf("%s: a manifest is read", asked)
		}
	}
	status := func(err error) any {
		var f *fault.Error
		if !errors.As(err, &f) || f.Kind != fault.ImagePullFailed {
			t.Errorf("%v", err)
			return nil
		}
		return f.Detail["status"]
	}
	_, err := r.Present(t.Context(), Request{Image: l.host + "/team/none:1"})
	if got := status(err); got != http.StatusNotFound {
		t.Errorf("an image that is not there: status %v, %v", got, err)
	}
	l.lock("secret")
	_, err = r.Present(t.Context(), Request{Image: image})
	if got := status(err); got != http.StatusUnauthorized {
		t.Errorf("without credentials: status %v, %v", got, err)
	}
	_, err = r.Present(t.Context(), Request{Image: "127.0.0.1:1/team/app:1"})
	if got := status(err); got != nil {
		t.Errorf("nobody there: status %v, %v", got, err)
	}
	if _, err = r.Present(t.Context(), Request{Image: "UPPER CASE"}); !errors.Is(err, fault.InvalidParams) {
		t.Errorf("no reference: %v", err)
	}
}
