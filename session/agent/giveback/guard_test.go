package giveback

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fake is an API server with one original, one dev Deployment and one Secret. It
// stands in for the real one where a test must choose the moment at which something
// happens between two requests; e2e/guard_test.go has the real one.
type fake struct {
	t      *testing.T
	server *httptest.Server
	dir    string

	mu        sync.Mutex
	version   int
	uid       string
	mark      string // "" for none
	replicas  int32
	ready     int32
	dev       bool
	secret    bool
	requests  []string
	scaled    int // how often the replicas were changed
	before    func(r *http.Request)
	intercept func(w http.ResponseWriter, r *http.Request) bool // handled; mu is not held
}

const testMark = `{"session":"shop/api","token":"t1","replicas":3,"deployment":"api-tandem","extra":{"kept":true}}`

func newFake(t *testing.T) *fake {
	f := &fake{t: t, uid: "u1", mark: testMark, version: 1, dev: true, secret: true, dir: t.TempDir()}
	f.server = httptest.NewTLSServer(http.HandlerFunc(f.serve))
	t.Cleanup(f.server.Close)
	host, port, _ := net.SplitHostPort(f.server.Listener.Addr().String())
	t.Setenv("KUBERNETES_SERVICE_HOST", host)
	t.Setenv("KUBERNETES_SERVICE_PORT", port)
	f.write(caFile, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: f.server.Certificate().Raw})))
	f.write(tokenFile, "sesame\n")
	f.plan(Plan{Namespace: "shop", Kind: "Deployment", Name: "api", UID: "u1", Token: "t1", Replicas: 2,
		Deployment: "api-tandem", DeploymentUID: "d1", Secret: "api-tandem-t1"})
	return f
}

func (f *fake) write(name, content string) {
	f.t.Helper()
	if err := os.WriteFile(filepath.Join(f.dir, name), []byte(content), 0o600); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fake) plan(p Plan) {
	f.t.Helper()
	text, err := json.Marshal(p)
	if err != nil {
		f.t.Fatal(err)
	}
	f.write(planFile, string(text))
}

func (f *fake) serve(w http.ResponseWriter, r *http.Request) {
	if f.before != nil {
		f.before(r)
	}
	if f.intercept != nil && f.intercept(w, r) {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answer(w, r)
}

// answer is the API server proper; mu is held.
func (f *fake) answer(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer sesame" {
		http.Error(w, `{"message":"who are you?"}`, http.StatusUnauthorized)
		return
	}
	line := r.Method + " " + strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, "/apis/apps/v1/namespaces/shop/"), "/api/v1/namespaces/shop/")
	f.requests = append(f.requests, line)
	var body struct {
		Metadata struct {
			ResourceVersion string             `json:"resourceVersion"`
			Annotations     map[string]*string `json:"annotations"`
		} `json:"metadata"`
		Spec struct {
			Replicas int32 `json:"replicas"`
		} `json:"spec"`
		Preconditions struct{ UID string } `json:"preconditions"`
	}
	if content, _ := io.ReadAll(r.Body); len(content) > 0 {
		if err := json.Unmarshal(content, &body); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
	}
	conflict := func() bool {
		if body.Metadata.ResourceVersion == strconv.Itoa(f.version) {
			return false
		}
		http.Error(w, `{"message":"it was changed"}`, http.StatusConflict)
		return true
	}
	switch line {
	case "GET deployments/api":
	case "PATCH deployments/api":
		if conflict() {
			return
		}
		f.version++
		f.mark = ""
		if mark := body.Metadata.Annotations[Mark]; mark != nil {
			f.mark = *mark
		}
	case "PATCH deployments/api/scale":
		if conflict() {
			return
		}
		f.version++
		f.scaled++
		f.replicas, f.ready = body.Spec.Replicas, body.Spec.Replicas
	case "DELETE deployments/api-tandem":
		if body.Preconditions.UID != "d1" {
			http.Error(w, `{"message":"another one"}`, http.StatusConflict)
			return
		}
		f.dev = false
	case "DELETE secrets/api-tandem-t1":
		f.secret = false
	default:
		http.Error(w, `{"message":"forbidden\u0007 `+strings.Repeat("x", 2*maxReason)+`"}`, http.StatusForbidden)
		return
	}
	var out workload
	out.Metadata.UID, out.Metadata.ResourceVersion = f.uid, strconv.Itoa(f.version)
	out.Spec.Replicas, out.Status.ReadyReplicas = &f.replicas, f.ready
	if f.mark != "" {
		out.Metadata.Annotations = map[string]string{Mark: f.mark}
	}
	_ = json.NewEncoder(w).Encode(out)
}

// start runs a guard until the test ends.
func (f *fake) start(ttl time.Duration) *Guard {
	g := New(Config{Dir: f.dir, TTL: ttl, Logf: f.t.Logf})
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { g.Run(ctx) })
	f.t.Cleanup(func() { cancel(); running.Wait() })
	return g
}

// await waits until cond holds of the cluster.
func (f *fake) await(what string, cond func() bool) {
	f.t.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		f.mu.Lock()
		ok := cond()
		state := fmt.Sprintf("%d replicas, dev %v, mark %q, requests %q", f.replicas, f.dev, f.mark, f.requests)
		f.mu.Unlock()
		if ok {
			return
		}
		if time.Now().After(end) {
			f.t.Fatalf("in vain: %s: %s", what, state)
		}
	}
}

func (f *fake) awaitGone() {
	f.t.Helper()
	f.await("the dev Deployment to be gone", func() bool { return !f.dev })
}

func TestGivesBackInOrder(t *testing.T) {
	f := newFake(t)
	f.start(50 * time.Millisecond)
	f.awaitGone()
	if f.replicas != 3 { // the mark's number is newer than the plan's
		t.Errorf("%d replicas", f.replicas)
	}
	if f.mark != "" || f.secret || f.scaled != 1 {
		t.Errorf("mark %q, Secret %v, scaled %d times", f.mark, f.secret, f.scaled)
	}
	last := -1
	for _, want := range []string{"PATCH deployments/api", "PATCH deployments/api/scale", "DELETE secrets/api-tandem-t1", "DELETE deployments/api-tandem"} {
		at := slices.Index(f.requests, want)
		if at <= last {
			t.Errorf("%s is at %d of %q", want, at, f.requests)
		}
		last = at
	}
}

// The mark keeps all that the guard does not understand, and names who ends it.
func TestSaysThatTheSessionEnds(t *testing.T) {
	f := newFake(t)
	marked := make(chan string, 1)
	f.before = func(r *http.Request) {
		f.mu.Lock()
		defer f.mu.Unlock()
		if strings.HasSuffix(r.URL.Path, "/scale") {
			marked <- f.mark
		}
	}
	f.start(time.Millisecond)
	var got map[string]any
	if err := json.Unmarshal([]byte(<-marked), &got); err != nil {
		t.Fatal(err)
	}
	if got["ending"] != Ending || got["session"] != "shop/api" || got["extra"].(map[string]any)["kept"] != true {
		t.Errorf("%v", got)
	}
	f.awaitGone()
}

func TestALinkKeepsItFromGivingBack(t *testing.T) {
	f := newFake(t)
	g := New(Config{Dir: f.dir, TTL: 100 * time.Millisecond, Logf: t.Logf})
	leave, ok := g.Admit(t.Context())
	if !ok {
		t.Fatal("not admitted")
	}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { g.Run(ctx) })
	defer running.Wait()
	defer cancel()
	time.Sleep(400 * time.Millisecond) // four times what would do without the link
	f.mu.Lock()
	for _, r := range f.requests {
		if !strings.HasPrefix(r, "GET ") {
			t.Errorf("%s while a link stands", r)
		}
	}
	f.mu.Unlock()
	left := time.Now()
	leave()
	leave() // counts once
	f.awaitGone()
	if took := time.Since(left); took < 100*time.Millisecond {
		t.Errorf("given back %s after the link", took)
	}
	if _, ok := g.Admit(t.Context()); ok {
		t.Error("a link is admitted to a session that is over")
	}
}

// Who comes back while the decision is open waits, and hears it.
func TestALinkWaitsForTheDecision(t *testing.T) {
	for _, refused := range []bool{false, true} {
		t.Run(fmt.Sprintf("claim refused %v", refused), func(t *testing.T) {
			f := newFake(t)
			claiming, let := make(chan struct{}), make(chan struct{})
			var once sync.Once
			f.intercept = func(w http.ResponseWriter, r *http.Request) bool {
				if r.Method != http.MethodPatch || strings.HasSuffix(r.URL.Path, "/scale") {
					return false
				}
				once.Do(func() { close(claiming) })
				<-let
				if refused {
					http.Error(w, `{"message":"no"}`, http.StatusForbidden)
				}
				return refused
			}
			g := f.start(time.Millisecond)
			<-claiming
			admitted := make(chan bool, 1)
			go func() { // ends with the decision
				leave, ok := g.Admit(context.Background())
				admitted <- ok
				if ok {
					time.Sleep(50 * time.Millisecond)
					_ = leave // it stays
				}
			}()
			select {
			case ok := <-admitted:
				t.Errorf("admitted %v before the decision", ok)
			case <-time.After(100 * time.Millisecond):
			}
			close(let)
			if ok := <-admitted; ok != refused {
				t.Errorf("admitted %v, the claim was refused %v", ok, refused)
			}
			if refused {
				time.Sleep(50 * time.Millisecond)
				f.mu.Lock()
				if f.scaled != 0 || !f.dev {
					t.Error("given back although the claim was refused")
				}
				f.mu.Unlock()
			} else {
				f.awaitGone()
			}
		})
	}
}

// A request whose answer is lost is looked after before anybody is let in.
func TestAnOutcomeThatIsLostIsFoundOut(t *testing.T) {
	f := newFake(t)
	lost := 0
	f.intercept = func(w http.ResponseWriter, r *http.Request) bool {
		f.mu.Lock()
		defer f.mu.Unlock()
		if r.Method != http.MethodPatch || strings.HasSuffix(r.URL.Path, "/scale") || lost > 0 {
			return false
		}
		lost++
		f.answer(httptest.NewRecorder(), r) // carried out, and not answered
		conn, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			conn.Close()
		}
		return true
	}
	g := f.start(time.Millisecond)
	f.awaitGone()
	if _, ok := g.Admit(t.Context()); ok || f.scaled != 1 || lost != 1 {
		t.Errorf("admitted %v, scaled %d times, %d answers lost", ok, f.scaled, lost)
	}
}

// Somebody who gives back at the same moment, or changes the original, is no
// obstacle: the replicas come back once.
func TestRaces(t *testing.T) {
	for _, test := range []struct {
		name string
		// at is the request before which the other one acts, for the first time.
		at     string
		other  func(f *fake)
		scaled int
		want   int32
	}{
		{"another claims first", "PATCH /apis/apps/v1/namespaces/shop/deployments/api", func(f *fake) {
			f.version++
			f.mark = strings.Replace(testMark, `"token"`, `"ending":"tandem","token"`, 1)
		}, 1, 3},
		{"another scales first", "PATCH /apis/apps/v1/namespaces/shop/deployments/api/scale", func(f *fake) { f.version++; f.replicas, f.ready = 3, 3 }, 0, 3},
		{"another finishes first", "PATCH /apis/apps/v1/namespaces/shop/deployments/api/scale", func(f *fake) {
			f.version++
			f.replicas, f.ready, f.mark, f.secret = 3, 3, "", false
		}, 0, 3},
		{"somebody chose another number", "PATCH /apis/apps/v1/namespaces/shop/deployments/api/scale", func(f *fake) { f.version++; f.replicas, f.ready = 7, 7 }, 0, 7},
		{"the status changes", "PATCH /apis/apps/v1/namespaces/shop/deployments/api", func(f *fake) { f.version++ }, 1, 3},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := newFake(t)
			var once sync.Once
			f.before = func(r *http.Request) {
				if r.Method+" "+r.URL.Path == test.at {
					once.Do(func() { f.mu.Lock(); defer f.mu.Unlock(); test.other(f) })
				}
			}
			f.start(time.Millisecond)
			f.awaitGone()
			if f.scaled != test.scaled || f.replicas != test.want || f.mark != "" {
				t.Errorf("scaled %d times to %d, mark %q; want %d times, %d and none", f.scaled, f.replicas, f.mark, test.scaled, test.want)
			}
		})
	}
}

// What is not the session's is left alone; its own goes all the same.
func TestOthersAreLeftAlone(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(f *fake)
		want   int32
	}{
		{"another session has the original", func(f *fake) { f.mark = strings.Replace(testMark, "t1", "t2", 1) }, 0},
		{"the original was made anew", func(f *fake) { f.uid = "u2" }, 0},
		{"the mark was removed", func(f *fake) { f.mark = "" }, 2}, // the plan's number, as the dev Deployment stands
		{"it had no replicas", func(f *fake) { f.mark = strings.Replace(testMark, `"replicas":3`, `"replicas":0`, 1) }, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := newFake(t)
			test.change(f)
			mark := f.mark
			f.start(time.Millisecond)
			f.awaitGone()
			if f.replicas != test.want || f.secret {
				t.Errorf("%d replicas, want %d; Secret %v", f.replicas, test.want, f.secret)
			}
			if strings.Contains(mark, "t2") && f.mark != mark {
				t.Errorf("another session's mark is now %q", f.mark)
			}
		})
	}
}

// The pod that follows one that had begun does not wait once more.
func TestGoesOnWhereAnEarlierPodWas(t *testing.T) {
	f := newFake(t)
	f.mark = strings.Replace(testMark, `"token"`, `"ending":"`+Ending+`","token"`, 1)
	f.start(time.Hour)
	f.awaitGone()
	if f.replicas != 3 || f.mark != "" {
		t.Errorf("%d replicas, mark %q", f.replicas, f.mark)
	}
}

// The guard says that it is able to act only once it has proven it, and says why
// not in bounded, printable words without its token.
func TestStanding(t *testing.T) {
	f := newFake(t)
	if err := os.Remove(filepath.Join(f.dir, tokenFile)); err != nil {
		t.Fatal(err)
	}
	g := f.start(time.Hour)
	stands := func(what string, ok func(armed bool, why string) bool) {
		t.Helper()
		timeout := time.After(20 * time.Second)
		for {
			armed, why, changed := g.Standing()
			if strings.Contains(why, "sesame") || len(why) > 2*maxReason || strings.ContainsFunc(why, func(r rune) bool { return r < ' ' }) {
				t.Fatalf("it says %q", why)
			}
			if ok(armed, why) {
				return
			}
			select {
			case <-changed:
			case <-timeout:
				t.Fatalf("in vain: %s: armed %v, %q", what, armed, why)
			}
		}
	}
	stands("no token yet", func(armed bool, why string) bool { return !armed && why == errNotMounted.Error() })
	f.write(tokenFile, "wrong")
	stands("a wrong token", func(armed bool, why string) bool { return !armed && strings.Contains(why, "who are you?") })
	f.write(tokenFile, "sesame")
	stands("armed", func(armed bool, _ string) bool { return armed })
	f.intercept = func(w http.ResponseWriter, r *http.Request) bool {
		f.mu.Lock()
		defer f.mu.Unlock()
		r.URL.Path = "/elsewhere"
		f.answer(w, r)
		return true
	}
	// Asked again when the machine comes back.
	if _, ok := g.Admit(t.Context()); !ok {
		t.Fatal("not admitted")
	}
	stands("the right is gone", func(armed bool, why string) bool { return !armed && strings.Contains(why, "forbidden") })
}

// While nobody is there and nothing is due, the API server is asked nothing.
func TestIdleAsksNothing(t *testing.T) {
	f := newFake(t)
	g := f.start(time.Hour)
	for armed := false; !armed; {
		var changed <-chan struct{}
		if armed, _, changed = g.Standing(); !armed {
			<-changed
		}
	}
	f.mu.Lock()
	n := len(f.requests)
	f.mu.Unlock()
	time.Sleep(300 * time.Millisecond)
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.requests) != n || n != 1 {
		t.Errorf("%q", f.requests)
	}
}

func TestPlanMustBeComplete(t *testing.T) {
	dir := t.TempDir()
	for text, want := range map[string]string{
		`{}`:                     `for a ""`,
		`{"kind":"Pod"}`:         `for a "Pod"`,
		`{"kind":"Deployment"}`:  "not complete",
		`{"kind":`:               "reading the plan",
		`{"kind":"StatefulSet"}`: "not complete",
	} {
		if err := os.WriteFile(filepath.Join(dir, planFile), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := readPlan(dir); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}
