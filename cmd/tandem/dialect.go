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
		return "", usageError{fmt.Errorf("--format %q: want one of %s", name, dialects())}
	}
	return d, nil
}

// dialects lists what --format takes.
func dialects() string {
	var names []string
	for _, d := range envfile.Dialects() {
		names = append(names, string(d))
	}
	return strings.Join(names, ", ")
}
