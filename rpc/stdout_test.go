package rpc

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// claimChild makes the test binary the child of TestClaimStdout.
const claimChild = "TANDEM_TEST_CLAIM_STDOUT"

func claimAndPrint() {
	out, err := ClaimStdout()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("a library prints")
	println("so does the runtime")
	child := exec.Command("echo", "so does a child")
	child.Stdout = os.Stdout
	if err := child.Run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	fmt.Fprint(out, "frames")
}

// TestClaimStdout needs a process of its own: it is about descriptor 1.
func TestClaimStdout(t *testing.T) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), claimChild+"=1")
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %s", err, stderr.String())
	}
	if stdout.String() != "frames" {
		t.Errorf("stdout has %q", stdout.String())
	}
	for _, want := range []string{"a library prints", "so does the runtime", "so does a child"} {
		if !strings.Contains(stderr.String(), want) {
			t.Errorf("stderr lacks %q: %q", want, stderr.String())
		}
	}
}
