package faults

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tandem-dev/tandem/e2e/harness"
)

// node is the testbed's node, below Kubernetes. Its processes are this machine's,
// which is root on it.
type node struct {
	t    *testing.T
	name string // TESTBED_NAME
}

// needNode skips where the cluster is not a testbed of this machine.
func needNode(t *testing.T) node {
	t.Helper()
	name := os.Getenv("TESTBED_NAME")
	if name == "" {
		name = "tandem"
	}
	n := node{t, name}
	out, err := n.cluster("kubeconfig")
	if err != nil || !sameFile(strings.TrimSpace(string(out)), os.Getenv("KUBECONFIG")) || os.Getuid() != 0 {
		t.Skipf("the cluster is no testbed of this machine (TESTBED_NAME=%s has %s, KUBECONFIG is %s)", name, bytes.TrimSpace(out), os.Getenv("KUBECONFIG"))
	}
	return n
}

func sameFile(a, b string) bool {
	x, err := os.Stat(a)
	if err != nil {
		return false
	}
	y, err := os.Stat(b)
	return err == nil && os.SameFile(x, y)
}

// cluster runs testbed/cluster.
func (n node) cluster(args ...string) ([]byte, error) {
	root, err := harness.Root()
	if err != nil {
		return nil, err
	}
	cmd := n.command(context.Background(), filepath.Join(root, "testbed", "cluster"), args...)
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("%s: %w\n%s", cmd, err, complaint.Bytes())
	}
	return out, err
}

// command is a program that knows which testbed is meant; the end of ctx kills it.
func (n node) command(ctx context.Context, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = append(os.Environ(), "TESTBED_NAME="+n.name)
	return cmd
}

// nft runs a script of nftables in the node's network.
func (n node) nft(script string) error {
	_, err := n.cluster("node", "nft", script)
	return err
}

// component is a process of the control plane: its host pid, and that of the shell
// that starts it again.
func (n node) component(name string) (component process, keeper int) {
	n.t.Helper()
	kubeconfig := os.Getenv("KUBECONFIG")
	host := ""
	if c := harness.Connect(n.t); c != nil {
		if u, err := url.Parse(c.Config.Host); err == nil {
			host = u.Hostname()
		}
	}
	found := processes(func(p process, _ []byte) bool {
		if len(p.command) < 2 || p.command[1] != name {
			return false
		}
		return slices.ContainsFunc(p.command, func(a string) bool {
			return a == "--advertise-address="+host || a == "--hostname-override="+n.name
		})
	})
	if len(found) != 1 {
		n.t.Fatalf("%d processes are %s of cluster %s (%s)", len(found), name, n.name, kubeconfig)
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", found[0].pid))
	if err != nil {
		n.t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if _, err := fmt.Sscanf(line, "PPid:\t%d", &keeper); err == nil {
			return found[0], keeper
		}
	}
	n.t.Fatalf("%s has no parent", found[0])
	return process{}, 0
}

// down kills a component and keeps it from being started again for a while.
func (n node) down(name string, during time.Duration) {
	n.t.Helper()
	p, keeper := n.component(name)
	if err := syscall.Kill(keeper, syscall.SIGSTOP); err != nil {
		n.t.Fatal(err)
	}
	defer syscall.Kill(keeper, syscall.SIGCONT)
	if err := syscall.Kill(p.pid, syscall.SIGKILL); err != nil {
		n.t.Fatal(err)
	}
	time.Sleep(during) // the fault itself
}

// registryPort is where nodes pull from.
func registryPort(t *testing.T) string {
	t.Helper()
	_, port, err := net.SplitHostPort(harness.Registry())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// inPod are the processes of a pod's containers whose program is called so.
func inPod(uid, program string) []process {
	return processes(func(p process, _ []byte) bool {
		if filepath.Base(p.command[0]) != program {
			return false
		}
		groups, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", p.pid))
		// The kubelet writes "_" for "-" in the names of systemd's slices.
		return err == nil && (bytes.Contains(groups, []byte(uid)) || bytes.Contains(groups, []byte(strings.ReplaceAll(uid, "-", "_"))))
	})
}

// hole is a second port of the API server that can be made a black hole: packets
// to and from it vanish, as on a Wi-Fi that is out of reach.
type hole struct {
	node  node
	table string
	port  int
}

// newHole opens the second port until the test's end.
func newHole(t *testing.T) *hole {
	t.Helper()
	n := needNode(t)
	port := harness.FreePort(t)
	h := &hole{node: n, table: fmt.Sprintf("hole%d", port), port: port}
	if err := n.nft(fmt.Sprintf(`table ip %s {
  chain pre { type nat hook prerouting priority dstnat; tcp dport %d redirect to :6443; }
  chain in { type filter hook input priority 0; }
  chain out { type filter hook output priority 0; }
}`, h.table, port)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.nft("delete table ip " + h.table); err != nil {
			t.Error(err)
		}
	})
	return h
}

// kubeconfig leads through the hole's port.
func (h *hole) kubeconfig(ns *harness.Namespace) string {
	u, err := url.Parse(ns.Cluster.Config.Host)
	if err != nil {
		ns.T.Fatalf("%v", err)
	}
	return ns.KubeconfigTo(fmt.Sprintf("https://%s:%d", u.Hostname(), h.port))
}

// swallow lets packets vanish, both ways, for a while.
func (h *hole) swallow(during time.Duration) {
	t := h.node.t
	t.Helper()
	if err := h.node.nft(fmt.Sprintf("add rule ip %[1]s in meta l4proto tcp ct original proto-dst %[2]d drop; add rule ip %[1]s out meta l4proto tcp ct original proto-dst %[2]d drop", h.table, h.port)); err != nil {
		t.Fatal(err)
	}
	time.Sleep(during) // the fault itself
	if err := h.node.nft(fmt.Sprintf("flush chain ip %[1]s in; flush chain ip %[1]s out", h.table)); err != nil {
		t.Fatal(err)
	}
}

// eventually is harness.Eventually with another patience.
func eventually(t *testing.T, what string, patience time.Duration, check func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := harness.Poll(ctx, check); err != nil {
		t.Fatalf("%s: not within %s: %v", what, patience, err)
	}
}
