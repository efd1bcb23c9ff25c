package process

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-dev/tandem/internal/fault"
)

// Exec must be tried in another process: it replaces the one that calls it.
func TestExecBecomesTheCommand(t *testing.T) {
	if dir := os.Getenv("TANDEM_TEST_EXEC_DIR"); dir != "" {
		err := Exec(t.Context(), Spec{
			Argv: []string{"sh", "-c", `echo "$$ $PWD $A $B"; exit 7`}, Dir: dir,
			Env: []string{"PATH=" + os.Getenv("PATH"), "A=first", "B=b=b", "A=last"},
		})
		t.Fatal(err)
	}
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0], "-test.run", "^TestExecBecomesTheCommand$")
	cmd.Env = append(os.Environ(), "TANDEM_TEST_EXEC_DIR="+dir)
	out, err := cmd.Output()
	if cmd.ProcessState.ExitCode() != 7 {
		t.Fatalf("exit code %d, %v", cmd.ProcessState.ExitCode(), err)
	}
	pid, rest, _ := strings.Cut(strings.TrimSpace(string(out)), " ")
	if want := dir + " last b=b"; rest != want {
		t.Errorf("got %q, want %q", rest, want)
	}
	if pid == "" || pid == "0" {
		t.Errorf("pid %q", pid)
	}
}

func TestExecFailsAsStartDoes(t *testing.T) {
	err := Exec(t.Context(), Spec{Argv: []string{"no-such-program"}, Dir: t.TempDir(), Env: []string{"PATH=/nowhere"}})
	if fault.KindOf(err) != fault.CommandNotFound {
		t.Errorf("got %v", err)
	}
}

func TestLastWinsKeepsTheOrder(t *testing.T) {
	got := lastWins([]string{"A=1", "B=2", "A=3", "=C:=x", "B="})
	if diff := cmp.Diff([]string{"A=3", "B=", "=C:=x"}, got); diff != "" {
		t.Error(diff)
	}
}
