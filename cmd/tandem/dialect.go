package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tandem-dev/tandem/envfile"
)

// dialect reads a --format.
func dialect(name string) (envfile.Dialect, error) {
	d := envfile.Dialect(name)
	if !slices.Contains(envfile.Dialects(), d) {
		names := make([]string, 0, len(envfile.Dialects()))
		for _, known := range envfile.Dialects() {
			names = append(names, string(known))
		}
		return "", usageError{fmt.Errorf("--format %q: want one of %s", name, strings.Join(names, ", "))}
	}
	return d, nil
}
