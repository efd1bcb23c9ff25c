package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tandem-dev/tandem/envfile"
)

// dialect reads the value of a flag that takes dialects.
func dialect(flag, name string) (envfile.Dialect, error) {
	d := envfile.Dialect(name)
	if !slices.Contains(envfile.Dialects(), d) {
		return "", usageError{fmt.Errorf("%s %q: want one of %s", flag, name, dialects())}
	}
	return d, nil
}

// dialects lists what such a flag takes.
func dialects() string {
	var names []string
	for _, d := range envfile.Dialects() {
		names = append(names, string(d))
	}
	return strings.Join(names, ", ")
}
