package process

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// TestMain is also the program that the terminal tests run on the far side of a
// pseudo-terminal: a test that sets helperEnv gets a small `tandem up` in place
// of the tests.
func TestMain(m *testing.M) {
	if helper := os.Getenv(helperEnv); helper != "" {
		os.Exit(runHelper(helper))
	}
	goleak.VerifyTestMain(m)
}

const (
	helperEnv     = "PROCESS_TEST_HELPER"
	helperArgvEnv = "PROCESS_TEST_ARGV"
)

// runHelper starts the argv of helperArgvEnv in the way the helper's name says,
// announces the end on stderr and exits with the command's code.
func runHelper(helper string) int {
	defer RestoreTerminals()
	spec := Spec{Env: os.Environ(), Terminal: &Terminal{In: os.Stdin, Out: os.Stdout}}
	if err := json.Unmarshal([]byte(os.Getenv(helperArgvEnv)), &spec.Argv); err != nil {
		fmt.Fprintln(os.Stderr, "helper:", err)
		return 99
	}
	os.Unsetenv(helperEnv)
	if helper == "pipes" {
		spec.Terminal, spec.Stdout, spec.Stderr = nil, os.Stdout, os.Stderr
	}
	p, err := Start(context.Background(), spec)
	if err != nil {
		fmt.Fprintln(os.Stderr, "helper:", err)
		return 98
	}
	if helper == "panic" {
		panic("on purpose")
	}
	exit := p.Wait()
	if exit.Err != nil {
		fmt.Fprintln(os.Stderr, "helper:", exit.Err)
		return 97
	}
	if helper == "then-read" {
		line := make([]byte, 100)
		n, _ := os.Stdin.Read(line)
		fmt.Printf("next reader got %q\n", line[:n])
	}
	return exit.Code
}
