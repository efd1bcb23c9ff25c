package e2e

import (
	"testing"

	"github.com/tandem-dev/tandem/e2e/harness"
)

// program finds a program that a test needs, or says how to get it.
func program(t *testing.T, name, debianPackage string) string {
	t.Helper()
	return harness.Program(t, name, debianPackage)
}
