package bench

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"testing"
	"time"

	"github.com/tandem-dev/tandem/e2e/harness"
)

var forwardingFrom = regexp.MustCompile(`^Forwarding from (127\.0\.0\.1:\d+) ->`)

// portForward starts `kubectl port-forward` to a Deployment's pod and returns the
// local address. It ends with the test. KUBECTL names the program; kubectl is the
// default.
func portForward(t *testing.T, ns *harness.Namespace, kubeconfig, deployment string, port int, websockets bool) string {
	t.Helper()
	kubectl := "kubectl"
	if own := os.Getenv("KUBECTL"); own != "" {
		kubectl = own
	}
	cmd := exec.Command(kubectl, "--kubeconfig", kubeconfig, "--namespace", ns.Name, "port-forward", "deployment/"+deployment, fmt.Sprintf(":%d", port))
	cmd.Env = append(os.Environ(), fmt.Sprintf("KUBECTL_PORT_FORWARD_WEBSOCKETS=%t", websockets))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("kubectl is needed to compare with: %v", err)
	}
	address := make(chan string, 1)
	drained := make(chan struct{})
	go func() { // ends with the program's output
		defer close(drained)
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if m := forwardingFrom.FindStringSubmatch(lines.Text()); m != nil {
				address <- m[1]
				break
			}
		}
		_, _ = io.Copy(io.Discard, out) // it says a line per connection
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-drained
		_ = cmd.Wait()
	})
	select {
	case a := <-address:
		return a
	case <-drained:
	case <-time.After(harness.Patience):
	}
	t.Fatalf("%s does not forward", cmd)
	return ""
}
