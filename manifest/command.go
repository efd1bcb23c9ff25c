package manifest

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// Command is the local command of a dev.
//
// A list is run as it is. Text goes to the user's shell, as `sh -c` would have
// it, except for a single plain word, which needs none. Variables in a command
// are left alone: $NAME in text is the shell's and sees the variables of the
// container, which nobody knows when the manifest is read.
type Command struct {
	// Argv is the program and its arguments; with Shell it is one element, the
	// text for the shell.
	Argv  []string
	Shell bool
	Range Range
}

// Empty says that the manifest names no command.
func (c Command) Empty() bool { return len(c.Argv) == 0 }

// String is the command for people: not quoted for any shell.
func (c Command) String() string { return strings.Join(c.Argv, " ") }

// shellCharacters make text mean something to a shell. A backslash is not among
// them, so that bin\api.exe stays a path.
const shellCharacters = " \t\r\n|&;<>()$`\"'*?[]{}#~=%!^"

// shells are programs whose -c argument is a script, where ${…} has a meaning.
var shells = []string{"sh", "bash", "dash", "zsh", "ksh", "ash", "fish", "busybox", "cmd", "cmd.exe", "pwsh", "powershell"}

func (r *reader) command(e entry, what string) Command {
	n := e.value
	if isNull(n) {
		return Command{}
	}
	c := Command{Range: r.src.rangeOf(n)}
	if n.Kind == yaml.ScalarNode {
		if n.Value != "" && strings.TrimSpace(n.Value) == "" {
			r.errorAt(n, CodeValue, "", "%s is blank", what)
			return c
		}
		if n.Value != "" {
			c.Argv = []string{n.Value}
			c.Shell = strings.ContainsAny(n.Value, shellCharacters)
		}
		return c
	}
	if n.Kind != yaml.SequenceNode {
		r.errorAt(n, CodeType, "", "%s must be text or a list, not %s", what, kindName(n))
		return c
	}
	for _, item := range r.items(n, what) {
		if isNull(item) {
			c.Argv = append(c.Argv, "")
			continue
		}
		t, ok := r.literal(item, "an element of "+what)
		if !ok {
			continue
		}
		c.Argv = append(c.Argv, t.raw)
		if len(c.Argv) == 1 {
			if t.raw == "" {
				r.errorAt(item, CodeValue, "name the program to run", "the first element of %s is empty", what)
			}
			continue
		}
		if i := strings.Index(t.raw, "${"); i >= 0 && !r.quiet && !slices.Contains(shells, path.Base(c.Argv[0])) {
			r.report(Information, CodeCommandLiteral, r.src.within(item, i, i+2),
				fmt.Sprintf("write %s as text to have a shell expand it", what),
				"${ in a list reaches the program as it is")
		}
	}
	return c
}
