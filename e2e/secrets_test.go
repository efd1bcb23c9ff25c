package e2e

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/tandem-dev/tandem/e2e/harness"
	"github.com/tandem-dev/tandem/rpc/protocol"
)

// A whole eventful session at the most talkative level: whatever is said or
// written on the way, the value of a Secret is in the 0600 files of the
// environment and nowhere else, in no encoding that a log or a request might give it.
func TestSecretsStayInTheirFiles(t *testing.T) {
	t.Parallel()
	ns := harness.NewNamespace(t)
	first, second := canary(t), canary(t)
	plantCanary(t, ns, first)
	ws := harness.NewWorkspace(t, ns)
	c := harness.Serve(ws)
	params := c.StartParams("api")
	params.Options.Files = everyDialect
	params.Options.KeepFiles = true
	params.Options.ServiceAccount = true // with the files of the volumes
	var ready protocol.Snapshot
	c.MustCall(protocol.MethodSessionStart, params, &ready)
	running := c.AwaitChange("the local process", func(s protocol.Snapshot) bool { return s.Process != nil })
	if got := environOf(t, running.Process.PID)["CANARY_URL"]; got != "postgres://shop:"+first+"@db/" {
		t.Fatalf("the local process has CANARY_URL=%q: a search would prove nothing", got)
	}

	// What an editor asks for, and what goes wrong.
	for _, name := range []string{"CANARY", "CANARY_URL", "CANARY_MISSING", "SHOP_CANARY"} {
		c.MustCall(protocol.MethodEnvExplain, protocol.EnvExplainParams{ID: ready.ID, Name: name}, nil)
	}
	c.MustCall(protocol.MethodEnvResolve, protocol.EnvResolveParams{ID: ready.ID}, nil)
	c.MustCall(protocol.MethodEnvResolve, protocol.EnvResolveParams{Manifest: "file://" + ws.Manifest(), Dev: "api"}, nil)
	c.MustCall(protocol.MethodEnvWrite, protocol.EnvWriteParams{ID: ready.ID, Dialect: "json"}, nil)
	blocked := filepath.Join(ws.Dir, "okteto.yml", "not-a-folder")
	if err := c.Call(protocol.MethodEnvWrite, protocol.EnvWriteParams{ID: ready.ID, Dialect: "shell", Path: blocked}, nil); err == nil {
		t.Error("env/write into a file's inside succeeded")
	}
	if err := c.Call(protocol.MethodSessionStart, c.StartParams("api"), nil); err == nil {
		t.Error("a second start of the same dev succeeded")
	}
	for _, editor := range []string{"vscode", "jetbrains", "neovim", "zed"} {
		var written protocol.RunConfigResult
		c.MustCall(protocol.MethodRunConfigWrite, protocol.RunConfigParams{ID: ready.ID, Editor: editor}, &written)
		if len(written.Files) == 0 && editor != "jetbrains" { // which has none for a program that is built elsewhere
			t.Errorf("no run configuration was written for %s: a search would prove nothing", editor)
		}
	}
	printed := commandLine(ws)

	// The Secret is rotated, the pod is lost, the command starts anew.
	_, err := ns.Cluster.CoreV1().Secrets(ns.Name).Patch(t.Context(), "canary", types.MergePatchType,
		fmt.Appendf(nil, `{"stringData":{"value":%q}}`, second), metav1.PatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
	awaitEnvChange(t, c, "CANARY_URL")
	c.MustCall(protocol.MethodSessionRestart, protocol.SessionRestartParams{ID: ready.ID}, nil)
	now := int64(0)
	if err := ns.Cluster.CoreV1().Pods(ns.Name).Delete(t.Context(), ready.Pod.Name, metav1.DeleteOptions{GracePeriodSeconds: &now}); err != nil {
		t.Fatal(err)
	}
	lost := c.AwaitState(ready.ID, protocol.StateReconnecting)
	c.AwaitChange("ready again", func(s protocol.Snapshot) bool { return s.State == protocol.StateReady && s.Seq > lost.Seq })
	printed += commandLine(ws)
	arguments := everyCommandLine(t)
	requireFilesHide(t, ws.StateDir, first, second) // the journal, the log of the guard
	c.MustStop(ready.ID)
	c.Shutdown()

	for _, value := range []string{first, second} {
		for place, text := range map[string]string{
			"stderr of tandem serve":               c.Stderr(),
			"the messages to the editor":           c.Received(),
			"what tandem status, env, ... printed": printed,
			"a process's arguments":                arguments,
		} {
			for _, form := range disguises(value) {
				if at := strings.Index(text, form); at >= 0 {
					t.Errorf("%s: a Secret's value, near %q", place, strings.ReplaceAll(text[max(0, at-200):at], form, "***"))
				}
			}
		}
	}
	requireFilesHide(t, ws.StateDir, first, second)
	requireFilesHide(t, ws.Dir, first, second)
	if content, err := os.ReadFile(ws.EnvFile("api", "json")); err != nil || !strings.Contains(string(content), second) {
		t.Errorf("the JSON file does not hold the rotated Secret (%v): the search proved nothing", err)
	}
}

// everyDialect is every format of environment files that can be asked for.
var everyDialect = []string{"dotenv", "json", "shell", "vscode-go", "vscode-python", "vscode-node", "vscode-java", "vscode-csharp",
	"vscode-cpp", "jetbrains", "jetbrains-envfile", "dotenv-js", "node", "python-dotenv", "docker", "compose", "systemd",
	"github-env", "fish", "powershell", "csh", "cmd"}

// canary is a value that nothing else has.
func canary(t *testing.T) string {
	t.Helper()
	b := make([]byte, 16)
	if _, err := rand.Read(b); err != nil {
		t.Fatal(err)
	}
	return "canary/+" + hex.EncodeToString(b)
}

// disguises are the forms that a value takes in JSON, URLs and requests to the cluster.
func disguises(value string) []string {
	return []string{value, value[len("canary/+"):], url.QueryEscape(value), base64.StdEncoding.EncodeToString([]byte(value)),
		hex.EncodeToString([]byte(value))}
}

// plantCanary puts a Secret into the api's environment: as it is, and inside
// another value.
func plantCanary(t *testing.T, ns *harness.Namespace, value string) {
	t.Helper()
	ns.Create(&corev1.Secret{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"},
		ObjectMeta: metav1.ObjectMeta{Name: "canary", Namespace: ns.Name},
		StringData: map[string]string{"value": value},
	})
	patch := `[{"op":"add","path":"/spec/template/spec/containers/0/env/-","value":{"name":"CANARY","valueFrom":{"secretKeyRef":{"name":"canary","key":"value"}}}},
		{"op":"add","path":"/spec/template/spec/containers/0/env/-","value":{"name":"CANARY_URL","value":"postgres://shop:$(CANARY)@db/"}}]`
	if _, err := ns.Cluster.AppsV1().Deployments(ns.Name).Patch(t.Context(), "api", types.JSONPatchType, []byte(patch), metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	harness.Eventually(t, "the api's rollout", ns.Settled)
}

// commandLine is what a user sees who looks at the session without asking for secrets.
func commandLine(ws *harness.Workspace) string {
	var all strings.Builder
	for _, args := range [][]string{
		{"status"}, {"status", "--json"}, {"env", "api", "--explain", "CANARY_URL"}, {"env", "api", "--explain", "CANARY", "--offline"},
		{"up", "api"}, {"run", "api", "--", "true"}, {"run", "api", "--", "/no/such/program"},
	} {
		r := ws.Run(args...)
		all.WriteString(r.Stdout + r.Stderr)
	}
	return all.String()
}

// everyCommandLine is the arguments of all processes of this machine.
func everyCommandLine(t *testing.T) string {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil || len(files) == 0 {
		t.Fatalf("no process found: %v", err)
	}
	var all strings.Builder
	for _, file := range files {
		content, _ := os.ReadFile(file) // the process may be gone
		all.Write(content)
		all.WriteByte('\n')
	}
	return all.String()
}

// requireFilesHide looks through every file below dir but those of the
// environment, which must be for the user's eyes alone.
func requireFilesHide(t *testing.T, dir string, values ...string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		for _, value := range values {
			for _, form := range disguises(value) {
				if !strings.Contains(string(content), form) {
					continue
				}
				if !strings.Contains(path, "/.tandem/") || info.Mode().Perm() != 0o600 {
					t.Errorf("%s (mode %v) holds a Secret's value", path, info.Mode())
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
