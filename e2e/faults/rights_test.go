package faults

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/tandem-dev/tandem/e2e/faults/traffic"
	"github.com/tandem-dev/tandem/e2e/harness"
	"github.com/tandem-dev/tandem/rpc/protocol"
)

// The developer's rights are taken away for a minute, in which the dev pod is lost
// as well, and given again. The session does not give up.
func TestRightsRevoked(t *testing.T) {
	t.Parallel()
	needsLong(t)
	const during = time.Minute
	s := newSceneWith(t, options{fault: "RBAC revoked " + during.String() + ", the pod lost meanwhile", podDies: true,
		kubeconfig: func(ns *harness.Namespace) string { return ns.UserKubeconfig("developer", leastRole(t)...) }})
	bindings := s.ns.Cluster.RbacV1().RoleBindings(s.ns.Name)
	binding, err := bindings.Get(t.Context(), "developer", metav1.GetOptions{})
	must(t, err)
	pod := s.devPod()
	s.strike(func() {
		must(t, bindings.Delete(t.Context(), "developer", metav1.DeleteOptions{}))
		now := int64(0)
		must(t, s.ns.Cluster.CoreV1().Pods(s.ns.Name).Delete(t.Context(), pod.Name, metav1.DeleteOptions{GracePeriodSeconds: &now}))
		time.Sleep(during) // the fault itself
		binding.ResourceVersion, binding.UID = "", ""
		_, err := bindings.Create(t.Context(), binding, metav1.CreateOptions{})
		must(t, err)
	})
	s.awaitFlow(45 * time.Second)
	s.finish()
}

// leastRole is what docs/rbac.yaml grants.
func leastRole(t *testing.T) []rbacv1.PolicyRule {
	t.Helper()
	root, err := harness.Root()
	must(t, err)
	content, err := os.ReadFile(filepath.Join(root, "docs", "rbac.yaml"))
	must(t, err)
	var role rbacv1.Role
	must(t, yaml.UnmarshalStrict(content, &role))
	return role.Rules
}

// Somebody takes the workload over, and somebody else takes it over from them. Each
// is told, and the last one has it; in the end it is given back once.
func TestTwoTakeovers(t *testing.T) {
	t.Parallel()
	s := newScene(t, "two takeovers in a row")
	first, firstPID := s.c, s.pid
	var others []*harness.Client
	s.podDies = true // the dev pods of those who lose it
	for i := range 2 {
		ws := harness.NewBareWorkspace(t, s.ns, "")
		port := harness.FreePort(t)
		ws.WriteManifest(manifest(t, port, ""))
		c := harness.Serve(ws)
		params := c.StartParams(original)
		if err := c.Call(protocol.MethodSessionStart, params, nil); err == nil {
			t.Fatal("a second session starts beside the first")
		} else if f, ok := harness.FailureOf(err); !ok || f.Data.Kind != "session-busy" {
			t.Errorf("a second session without takeover: %s", harness.Describe(err))
		}
		params.Options.Takeover = true
		loser := s.c
		s.strike(func() { c.MustCall(protocol.MethodSessionStart, params, &s.ready) })
		s.requireTold(loser, i)
		s.c, s.ws, s.localPort = c, ws, port
		who, err := s.askWho()
		must(t, err)
		s.pid = who
		s.awaitFlow(30 * time.Second)
		others = append(others, c)
	}
	s.finish()
	for _, c := range append(others, first) {
		c.Close()
	}
	harness.Eventually(t, "the first one's process to end", func(context.Context) error {
		if syscall.Kill(firstPID, 0) == nil {
			return errors.New("it lives")
		}
		return nil
	})
}

// requireTold wants the one who lost the workload to have heard of it.
func (s *scene) requireTold(loser *harness.Client, round int) {
	s.Helper()
	id := s.ready.ID
	end := loser.AwaitChange("the loser's session to end", func(n protocol.Snapshot) bool {
		return n.ID == id && (n.State == protocol.StateFailed || n.State == protocol.StateStopped)
	})
	if end.Cause == nil {
		s.Errorf("takeover %d: the session that lost its workload has ended as %s, without a cause", round+1, end.State)
		return
	}
	s.Logf("takeover %d: the loser hears %s: %s (%s)", round+1, end.Cause.Kind, end.Cause.Message, end.Cause.Hint)
}

// askWho is the pid of the process behind the local port.
func (s *scene) askWho() (int, error) {
	var pid int
	ctx, cancel := context.WithTimeout(s.Context(), harness.Patience)
	defer cancel()
	err := harness.Poll(ctx, func(ctx context.Context) error {
		var who traffic.Who
		err := s.fetchLocal(ctx, http.MethodGet, "who", &who)
		if err == nil && who.PID == 0 {
			err = fmt.Errorf("%+v", who)
		}
		pid = who.PID
		return err
	})
	return pid, err
}
