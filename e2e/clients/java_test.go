package clients

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-dev/tandem/e2e/harness"
	"github.com/tandem-dev/tandem/rpc/protocol"
)

// lsp4j compiles a program of java/ against LSP4J and returns how it is run.
func lsp4j(t *testing.T, program string) func(w *harness.Workspace, args ...string) *exec.Cmd {
	t.Helper()
	mvn, javac, bin := harness.Program(t, "mvn", "maven"), harness.Program(t, "javac", "default-jdk-headless"), harness.Program(t, "java", "default-jre-headless")
	pom, err := filepath.Abs("java/pom.xml")
	if err != nil {
		t.Fatal(err)
	}
	jars := installed(t, "java", "java/pom.xml", func(dir string) {
		must(t, dir, mvn, "--quiet", "--batch-mode", "--strict-checksums", "-f", pom, "dependency:copy-dependencies", "-DoutputDirectory="+dir)
	})
	classes := t.TempDir()
	must(t, "java", javac, "-Xlint:all", "-Werror", "-cp", jars+"/*", "-d", classes, program+".java")
	// The templates' commands are found as an IDE finds them.
	tandem := harness.Tandem(t)
	if filepath.Base(tandem) != "tandem" {
		t.Fatalf("the templates say tandem, the program under test is %s", tandem)
	}
	return func(w *harness.Workspace, args ...string) *exec.Cmd {
		cmd := exec.CommandContext(w.T.Context(), bin, append([]string{"-XX:TieredStopAtLevel=1", "-cp", classes + ":" + jars + "/*", program, w.Dir}, args...)...)
		cmd.Dir = w.Dir
		cmd.Env = append(w.Environ(), "PATH="+filepath.Dir(tandem)+string(os.PathListSeparator)+os.Getenv("PATH"))
		return cmd
	}
}

// template is one of the folders that LSP4IJ imports.
func template(t *testing.T, name string) string {
	t.Helper()
	root, err := harness.Root()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(root, "extensions", "jetbrains", name)
}

func java(t *testing.T) func(*harness.Workspace, string) *exec.Cmd {
	program, folder := lsp4j(t, "Session"), template(t, "lsp")
	return func(w *harness.Workspace, dev string) *exec.Cmd { return program(w, dev, folder) }
}

// TestDebugTemplate: a client on LSP4J's debugging half, started as the template for
// LSP4IJ says, joins the running session and stops on a request from the cluster.
func TestDebugTemplate(t *testing.T) {
	program := lsp4j(t, "Debugging")
	ns := harness.NewNamespace(t)
	w := harness.NewWorkspace(t, ns)
	w.Kubeconfig = kubeconfigIn(t, ns)
	before := ns.State()
	// From its source, so that the debugger finds the breakpoint's line.
	w.Replace("command: ["+harness.ShopBinary(t, "api")+"]", "command: [go, run, ./api]")
	c := harness.Serve(w)
	ready := c.MustStart("api")
	command := ns.AwaitServedBy("local")

	file := filepath.Join(w.Dir, "api", "orders.go")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	above, _, found := strings.Cut(string(text), "orders := make(")
	if !found {
		t.Fatalf("%s has another code than expected", file)
	}
	line := strings.Count(above, "\n") + 1
	r := harness.Finish(t, program(w, template(t, "dap"), file, strconv.Itoa(line), "http://localhost:"+strconv.Itoa(w.Port(8090))))
	want := []string{
		`["listening","tandem"]`,
		`["breakpoint",true]`,
		`["launched"]`,
		`["stopped","breakpoint",true,true]`,
		`["where","\"local\""]`,
		`["answer",200]`,
		`["exit",0]`,
	}
	if diff := cmp.Diff(want, strings.Split(strings.TrimSpace(r.Stdout), "\n")); diff != "" || r.Code != 0 {
		t.Fatalf("exit code %d; (-want +got):\n%s\n%s", r.Code, diff, tail(r.Stderr))
	}
	c.AwaitChange("the command again", func(s protocol.Snapshot) bool {
		return s.ID == ready.ID && len(s.Debug) == 0 && s.Process != nil && s.Process.State == "running"
	})
	if back := ns.AwaitServedBy("local"); back.PID == command.PID {
		t.Errorf("pid %d answers, want a new one: the debugger was to take its place", back.PID)
	}
	c.MustStop(ready.ID)
	ns.RequireState(before)
	w.RequireNoTrace()
}
