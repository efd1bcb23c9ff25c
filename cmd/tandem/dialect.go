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
		return "", usageError{fmt.Errorf("--format %q: want dotenv, json or shell", name)}
	}
	return d, nil
}
