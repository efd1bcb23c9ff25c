package envfile

import (
	"slices"
	"strings"

	"github.com/tandem-dev/tandem/internal/fault"
)

// A pattern is a variable's name in which each * stands for any number of
// characters, none included. There is no other special character, and no way
// to mean a star: no name in use has one.

// Rename gives variables another name in the local process. From is a pattern
// with at most one *; the * of To, where it has one, is what that of From
// stands for. {APP_*, *} takes a prefix away.
type Rename struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// glob matches text with the pattern. rest is what the first * stands for.
func glob(pattern, text string) (rest string, ok bool) {
	head, tail, star := strings.Cut(pattern, "*")
	if !star {
		return "", pattern == text
	}
	text, ok = strings.CutPrefix(text, head)
	if !ok {
		return "", false
	}
	parts := strings.Split(tail, "*")
	last := len(parts) - 1
	if last == 0 { // one star
		return strings.CutSuffix(text, parts[0])
	}
	// Each part as early as possible leaves the most for the next ones.
	for _, part := range parts[:last] {
		_, after, found := strings.Cut(text, part)
		if !found {
			return "", false
		}
		text = after
	}
	return "", strings.HasSuffix(text, parts[last])
}

// match finds the first of the patterns that the name fits, by the policy's
// rule for letter case.
func (p MergePolicy) match(patterns []string, name string) (pattern string, ok bool) {
	name = p.fold(name)
	i := slices.IndexFunc(patterns, func(pattern string) bool {
		_, fits := glob(p.fold(pattern), name)
		return fits
	})
	if i < 0 {
		return "", false
	}
	return patterns[i], true
}

// renamed is the name that a variable has in the local process, and the rule
// that gave it; nil for its own name.
func (p MergePolicy) renamed(name string) (string, *Rename) {
	for i := range p.Rename {
		r := &p.Rename[i]
		rest, fits := glob(p.fold(r.From), p.fold(name))
		if !fits {
			continue
		}
		if len(rest) > 0 && len(p.fold(name)) == len(name) { // in the letters of the name
			head := len(p.fold(r.From[:strings.IndexByte(r.From, '*')]))
			rest = name[head : head+len(rest)]
		}
		if as := strings.Replace(r.To, "*", rest, 1); as != "" && as != name {
			return as, r
		}
		return name, nil
	}
	return name, nil
}

// Check refuses patterns without a meaning with fault.InvalidParams. The
// message names the setting as editors and the command line know it.
func (p MergePolicy) Check() error {
	for _, setting := range []struct {
		name     string
		patterns []string
	}{
		{"include", p.Include}, {"exclude", p.Exclude}, {"keepLocal", p.KeepLocal}, {"allowImage", p.AllowImage},
	} {
		for _, pattern := range setting.patterns {
			if !isPattern(pattern) {
				return fault.New(fault.InvalidParams, "setting env.%s: %q is no pattern of a variable's name", setting.name, pattern).
					Hint("a name, in which * stands for anything, such as AWS_*")
			}
		}
	}
	for _, r := range p.Rename {
		from, to := strings.Count(r.From, "*"), strings.Count(r.To, "*")
		if !isPattern(r.From) || !isPattern(r.To) || from > 1 || to > 1 || to > from || from == 1 && to == 0 {
			return fault.New(fault.InvalidParams, "setting env.rename: %q to %q is no renaming", r.From, r.To).
				Hint("a name to a name, or a pattern with one * to another, such as APP_* to *")
		}
	}
	return nil
}

func isPattern(s string) bool { return s != "" && !strings.ContainsAny(s, "=\x00") }
