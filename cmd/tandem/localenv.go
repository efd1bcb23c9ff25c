package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/tandem-dev/tandem/envfile"
)

// localFlags are the settings of how an environment is laid over the user's own.
type localFlags struct {
	include, exclude, rename, keepLocal, allowImage []string
	rewriteHosts                                    string
}

// add offers them; those of the process alone, without rewriteHosts, to a verb
// that runs one in the environment of a session.
func (l *localFlags) add(f *pflag.FlagSet, hosts bool) {
	f.StringArrayVar(&l.include, "env-include", nil, "the workload's variables to take, as NAME or PATTERN with *; all others stay out (repeatable)")
	f.StringArrayVar(&l.exclude, "env-exclude", nil, "the workload's variables to leave out, as NAME or PATTERN with * (repeatable)")
	f.StringArrayVar(&l.rename, "env-rename", nil, "give variables another name here, as OLD=NEW; APP_*=* takes a prefix away (repeatable)")
	f.StringArrayVar(&l.keepLocal, "env-keep-local", nil, "variables of the image that stay your own, beside HOME and the like (repeatable)")
	f.StringArrayVar(&l.allowImage, "env-allow-image", nil, "variables that the image may set although they would stay your own, such as JAVA_HOME (repeatable)")
	if hosts {
		f.StringVar(&l.rewriteHosts, "rewrite-hosts", "", "values that point at a forwarded service: off, suggest (default) or on")
	}
}

// policy reads the flags; what they hold that means nothing is wrong usage.
func (l *localFlags) policy() (envfile.MergePolicy, error) {
	p := envfile.MergePolicy{Include: l.include, Exclude: l.exclude, KeepLocal: l.keepLocal, AllowImage: l.allowImage}
	for _, r := range l.rename {
		from, to, ok := strings.Cut(r, "=")
		if !ok {
			return p, usageError{fmt.Errorf("--env-rename wants OLD=NEW, got %q", r)}
		}
		p.Rename = append(p.Rename, envfile.Rename{From: from, To: to})
	}
	if err := p.Check(); err != nil {
		return p, usageError{err}
	}
	if l.rewriteHosts != "" && !slices.Contains(envfile.HostModes(), envfile.HostMode(l.rewriteHosts)) {
		return p, usageError{fmt.Errorf("--rewrite-hosts %q: want off, suggest or on", l.rewriteHosts)}
	}
	return p, nil
}
