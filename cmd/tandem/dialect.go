package main

import (
	"fmt"
	"slices"

	"github.com/tandem-dev/tandem/envfile"
)

// dialect reads a --format.
func dialect(name string) (envfile.Dialect, error) {
	d := envfile.Dialect(name)
	if !slices.Contains(envfile.Dialects(), d) {
		return "", usageError{fmt.Errorf("--format %q: want one of %v", name, envfile.Dialects())}
	}
	return d, nil
}

// warningText is a warning in one line.
func warningText(w envfile.Warning) string {
	if w.Variable == "" {
		return w.Message
	}
	return w.Variable + ": " + w.Message
}
