package runconfig

import (
	"slices"
	"strings"

	"github.com/tandem-dev/tandem/envfile"
)

// Variable is one variable that stands in a configuration. It is never a
// secret.
type Variable struct{ Name, Value string }

// Extra is what the environment file of a reader lacks.
type Extra struct {
	// Inline are the variables that the configuration itself holds.
	Inline []Variable
	// Left are those that it must not hold, or cannot: secrets, and values that
	// the editor would change. Only `tandem run` brings them.
	Left []envfile.Undeliverable
}

// Deliver sorts out what the readers of all the dialects lack of an environment.
// env is what the process would get, as Environment.Chosen gives it. What exists
// only in a running pod is in neither list.
func Deliver(editor Editor, dialects []envfile.Dialect, env *envfile.Environment) (Extra, error) {
	var x Extra
	if env == nil || len(dialects) == 0 {
		return x, nil
	}
	var lost []envfile.Undeliverable
	for i, d := range dialects {
		_, left, err := envfile.Encode(env, d)
		if err != nil {
			return x, err
		}
		if i == 0 {
			lost = left
		}
		// What one of the files brings is not lost.
		lost = slices.DeleteFunc(lost, func(u envfile.Undeliverable) bool {
			return !slices.ContainsFunc(left, func(l envfile.Undeliverable) bool { return l.Name == u.Name })
		})
	}
	for _, u := range lost {
		v, ok := env.Lookup(u.Name)
		switch {
		case !ok || v.Unresolved:
		case !v.Secret && editor.holds(v.Value):
			x.Inline = append(x.Inline, Variable{v.Name, v.Value})
		default:
			x.Left = append(x.Left, u)
		}
	}
	return x, nil
}

// holds says whether a configuration of the editor gives a value back as it is.
// VS Code replaces ${…} and Zed $ZED_… in what they read, with no way to escape
// them; JetBrains' XML replaces $MACRO$ and cannot have control characters.
func (e Editor) holds(value string) bool {
	if !strings.ContainsFunc(value, func(r rune) bool { return r == 0xfffd || r == 0 }) {
		switch e {
		case VSCode:
			return !strings.Contains(value, "${")
		case Zed:
			return !strings.Contains(value, "$")
		case JetBrains:
			return strings.Count(value, "$") < 2 && !strings.ContainsFunc(value, func(r rune) bool {
				return r < ' ' && r != '\n' && r != '\t' && r != '\r' || r == 0xfffe || r == 0xffff
			})
		case Neovim:
			return false // reads JSON, which lacks nothing
		}
	}
	return false
}
