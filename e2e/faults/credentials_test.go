package faults

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/tandem-dev/tandem/e2e/harness"
	"github.com/tandem-dev/tandem/rpc/protocol"
)

// credentialsLimit is what a session without a link takes from the new credentials to
// the traffic: the pod is there by then, and the longest pause between two tries.
const credentialsLimit = 25 * time.Second

// The developer's token is revoked and the pod is lost, so that the session needs the
// API server and is refused. Then somebody logs in again, which writes a new token
// into the kubeconfig, and moves on to another context there.
func TestTokenReplacedInKubeconfig(t *testing.T) {
	t.Parallel()
	needsLong(t)
	var revoke func()
	var path string
	s := newSceneWith(t, options{fault: "token revoked and the pod lost; a new token in the kubeconfig", podDies: true, kubeconfig: func(ns *harness.Namespace) string {
		ns.UserKubeconfig("developer", leastRole(t)...)
		var token string
		token, revoke = ns.RevocableToken("developer")
		path = ns.KubeconfigOf("developer", clientcmdapi.AuthInfo{Token: token})
		return path
	}})
	s.refused(revoke)
	s.strike(func() {
		token, _ := s.ns.RevocableToken("developer")
		config, err := clientcmd.LoadFromFile(path)
		must(t, err)
		config.AuthInfos[config.Contexts[config.CurrentContext].AuthInfo].Token = token
		config.Clusters["elsewhere"] = &clientcmdapi.Cluster{Server: "https://127.0.0.1:1"}
		config.Contexts["elsewhere"] = &clientcmdapi.Context{Cluster: "elsewhere"}
		config.CurrentContext = "elsewhere"
		must(t, clientcmd.WriteToFile(*config, path))
	})
	s.awaitFlow(credentialsLimit)
	s.finishWithTokens()
}

// The same with a program that gives out the credentials: it fails, as when a login
// has run out, until somebody logs in again.
func TestCredentialProgramFails(t *testing.T) {
	t.Parallel()
	needsLong(t)
	var revoke func()
	answer := filepath.Join(t.TempDir(), "answer.json")
	write := func(token string) {
		must(t, os.WriteFile(answer, fmt.Appendf(nil, `{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":%q}}`, token), 0o600))
	}
	s := newSceneWith(t, options{fault: "credential program fails and the pod lost; then it has a new token", podDies: true, kubeconfig: func(ns *harness.Namespace) string {
		ns.UserKubeconfig("developer", leastRole(t)...)
		var token string
		token, revoke = ns.RevocableToken("developer")
		write(token)
		return ns.KubeconfigOf("developer", clientcmdapi.AuthInfo{Exec: &clientcmdapi.ExecConfig{
			APIVersion: "client.authentication.k8s.io/v1", Command: "cat", Args: []string{answer}, InteractiveMode: clientcmdapi.NeverExecInteractiveMode}})
	}})
	s.refused(func() {
		revoke()
		must(t, os.Remove(answer))
	})
	s.strike(func() {
		token, _ := s.ns.RevocableToken("developer")
		write(token)
	})
	s.awaitFlow(credentialsLimit)
	s.finishWithTokens()
}

// refused takes the credentials away, loses the pod, and waits until the session
// says why it cannot go on.
func (s *scene) refused(takeAway func()) {
	s.Helper()
	takeAway()
	pod := s.devPod()
	now := int64(0)
	must(s, s.ns.Cluster.CoreV1().Pods(s.ns.Name).Delete(s.Context(), pod.Name, metav1.DeleteOptions{GracePeriodSeconds: &now}))
	told := s.c.AwaitChange("the session to say that it is refused", func(n protocol.Snapshot) bool {
		return n.ID == s.ready.ID && n.State == protocol.StateReconnecting && n.Cause != nil && n.Cause.Kind == "credentials-expired" && n.NextRetryAt != nil
	})
	if told.Cause.Hint == "" {
		s.Errorf("no hint with %q", told.Cause.Message)
	}
	s.awaitPodAfter(pod)
}

// finishWithTokens is finish where the namespace has the Secrets of tokens besides.
func (s *scene) finishWithTokens() {
	s.Helper()
	now := s.ns.State()
	for name := range now {
		if strings.HasPrefix(name, "Secret/developer-token-") {
			if _, known := s.before[name]; !known {
				s.before[name] = now[name]
			}
		}
	}
	for name := range s.before {
		if _, still := now[name]; !still && strings.HasPrefix(name, "Secret/developer-token-") {
			delete(s.before, name)
		}
	}
	s.finish()
}
