package session

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/session/cluster"
)

// findCheck is one check of a diagnosis, which has each exactly once.
func findCheck(t *testing.T, d *Diagnosis, name string) Check {
	t.Helper()
	var found []Check
	for _, c := range d.Checks {
		if c.Name == name {
			found = append(found, c)
		}
	}
	if len(found) != 1 || found[0].Status == "" {
		t.Fatalf("check %s is there %d times: %+v", name, len(found), found)
	}
	return found[0]
}

// Without a cluster every check has an outcome all the same, in the one order,
// and what this machine knows is told.
func TestDoctorWithoutACluster(t *testing.T) {
	dir := t.TempDir()
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	port := strconv.Itoa(busy.Addr().(*net.TCPAddr).Port)
	manifest := write(t, filepath.Join(dir, "okteto.yml"), fmt.Sprintf(`dev:
  api:
    mode: hybrid
    command: ["true"]
    interface: 127.0.0.1
    sync: [".:/app"]
    forward: ["%s:db:6379", "0:db:6380"]
`, port))
	m := testManager(t, func(c *Config) { c.AgentImage = "127.0.0.1:1/agent:1" })
	var said []string
	heard := make(chan string, 100)
	d, err := m.Doctor(t.Context(), DoctorRequest{Manifest: manifest, Progress: func(s string) { heard <- s }})
	if err != nil {
		t.Fatal(err)
	}
	close(heard)
	for s := range heard {
		said = append(said, s)
	}
	var names []string
	for _, c := range d.Checks {
		names = append(names, c.Name)
	}
	if diff := cmp.Diff(checkOrder, names); diff != "" {
		t.Errorf("the order (-want +got):\n%s", diff)
	}
	if c := findCheck(t, d, "manifest"); c.Status != cluster.CheckWarn || !strings.Contains(c.Detail, "line 6: warning: ") {
		t.Errorf("%+v", c)
	}
	if c := findCheck(t, d, "local-ports"); c.Status != cluster.CheckFail || !strings.Contains(c.Detail, "local port "+port+" is in use") {
		t.Errorf("%+v", c)
	}
	if c := findCheck(t, d, "kubeconfig"); c.Status != cluster.CheckOK || !strings.Contains(c.Detail, `context "c", namespace "shop"`) {
		t.Errorf("%+v", c)
	}
	if c := findCheck(t, d, "api-server"); c.Status != cluster.CheckFail || c.Hint == "" {
		t.Errorf("%+v", c)
	}
	if c := findCheck(t, d, "agent-image"); c.Status != cluster.CheckWarn {
		t.Errorf("a registry that only the nodes may reach: %+v", c)
	}
	for _, name := range []string{"credentials", "clock", "permissions", "permissions-optional", "guard", "workload", "pod-security", "quota", "limit-range", "autoscaler"} {
		if c := findCheck(t, d, name); c.Status != cluster.CheckSkip || c.Detail != "the API server could not be reached" {
			t.Errorf("%+v", c)
		}
	}
	if d.Problems() != 2 || d.Warnings() != 2 {
		t.Errorf("%d problems, %d warnings", d.Problems(), d.Warnings())
	}
	if !slices.ContainsFunc(said, func(s string) bool { return strings.Contains(s, "api-server") }) {
		t.Errorf("progress: %q", said)
	}
}

// A reverse's local port that is taken is a warning: what listens there may be
// what is to answer. With a session that runs, its own ports are no finding.
func TestDoctorKnowsItsOwnPorts(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	free.Close()
	port := busy.Addr().(*net.TCPAddr).Port
	path := write(t, filepath.Join(t.TempDir(), "okteto.yml"), fmt.Sprintf(`dev:
  api:
    mode: hybrid
    command: ["true"]
    interface: 127.0.0.1
    reverse: ["8080:%d"]
    forward: ["%d:db:6379"]
`, port, free.Addr().(*net.TCPAddr).Port))
	m := testManager(t, nil)
	look := func() Check {
		t.Helper()
		d, err := m.Doctor(t.Context(), DoctorRequest{Manifest: path})
		if err != nil {
			t.Fatal(err)
		}
		return findCheck(t, d, "local-ports")
	}
	if c := look(); c.Status != cluster.CheckWarn || !strings.Contains(c.Detail, fmt.Sprintf("reverse 8080:%d: local port %d is in use by this program itself", port, port)) {
		t.Errorf("%+v", c)
	}
	e := anEntry()
	e.Manifest = path
	page, _, err := m.journal.begin(e)
	if err != nil {
		t.Fatal(err)
	}
	defer page.close(true)
	if err := page.write(e); err != nil {
		t.Fatal(err)
	}
	if c := look(); c.Status != cluster.CheckOK || !strings.Contains(c.Detail, "a session of this dev runs") {
		t.Errorf("%+v", c)
	}
}

// A crashed session is found in the journal, a living one is not called left.
func TestDoctorFindsLeftovers(t *testing.T) {
	m := testManager(t, nil)
	path := write(t, filepath.Join(t.TempDir(), "okteto.yml"), strings.ReplaceAll(manifestText, "%s", "true"))
	look := func() Check {
		t.Helper()
		d, err := m.Doctor(t.Context(), DoctorRequest{Manifest: path, Dev: "api"})
		if err != nil {
			t.Fatal(err)
		}
		return findCheck(t, d, "leftovers")
	}
	page, _, err := m.journal.begin(anEntry())
	if err != nil {
		t.Fatal(err)
	}
	if err := page.write(anEntry()); err != nil {
		t.Fatal(err)
	}
	if c := look(); c.Status != cluster.CheckOK {
		t.Errorf("a living session: %+v", c)
	}
	if err := page.close(false); err != nil { // as the kernel does for a process that dies
		t.Fatal(err)
	}
	if c := look(); c.Status != cluster.CheckWarn || !strings.Contains(c.Detail, "Deployment shop/api, to be given back 2 replicas") || !strings.Contains(c.Hint, "tandem down --all") {
		t.Errorf("a crashed session: %+v", c)
	}
}

// Whoever asks may stop asking.
func TestDoctorIsCancelled(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close() // accepts and says nothing
	kubeconfig := write(t, filepath.Join(t.TempDir(), "kubeconfig"), fmt.Sprintf(`apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "http://%s"}}]
contexts: [{name: c, context: {cluster: c, namespace: shop}}]
current-context: c
`, silent.Addr()))
	m := testManager(t, func(c *Config) { c.Kubeconfig = kubeconfig })
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	d, err := m.Doctor(ctx, DoctorRequest{Dir: t.TempDir(), Progress: func(s string) {
		if strings.Contains(s, "api-server") {
			cancel()
		}
	}})
	if d != nil || !errors.Is(err, fault.Cancelled) {
		t.Errorf("%+v, %v", d, err)
	}
}
