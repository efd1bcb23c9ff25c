package debug

import (
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// command is a command without what surrounds it.
type command struct {
	dir  string
	env  []string // assignments
	argv []string
}

// shellNames are programs whose -c argument is a script that the parser reads.
var shellNames = map[string]bool{"sh": true, "bash": true, "dash": true, "ash": true, "zsh": true, "ksh": true}

// plain takes a command out of what a manifest may put around it: a shell, a
// `cd`, assignments, `exec` and `env`. What only a shell could tell (a variable, a
// pipe, a loop) stays as it is, in its shell.
func plain(dir string, argv []string) command {
	c := command{dir: dir, argv: argv}
	for len(c.argv) > 0 {
		name := programName(c.argv[0])
		switch {
		case shellNames[name] && len(c.argv) == 3 && c.argv[1] == "-c",
			name == "cmd" && len(c.argv) == 5 && c.argv[3] == "/c": // as process.ShellArgv has it
			inner, ok := script(c.dir, c.argv[len(c.argv)-1])
			if !ok {
				return c
			}
			c = command{inner.dir, append(c.env, inner.env...), inner.argv}
		case name == "exec" && len(c.argv) > 1:
			c.argv = c.argv[1:]
		case name == "env" && len(c.argv) > 1 && !strings.HasPrefix(c.argv[1], "-"):
			rest := c.argv[1:]
			for len(rest) > 0 && assigns(rest[0]) {
				c.env, rest = append(c.env, rest[0]), rest[1:]
			}
			c.argv = rest
		default:
			return c
		}
	}
	return c
}

func assigns(word string) bool {
	name, _, ok := strings.Cut(word, "=")
	return ok && syntax.ValidName(name)
}

// script reads a script that is one command, with `cd DIR &&` before it at most.
func script(dir, text string) (command, bool) {
	file, err := syntax.NewParser(syntax.Variant(syntax.LangPOSIX)).Parse(strings.NewReader(text), "")
	if err != nil || len(file.Stmts) == 0 {
		return command{}, false
	}
	c := command{dir: dir}
	last := file.Stmts[len(file.Stmts)-1]
	for _, s := range file.Stmts[:len(file.Stmts)-1] { // cd DIR; CMD
		if !c.enter(s) {
			return command{}, false
		}
	}
	for {
		and, ok := last.Cmd.(*syntax.BinaryCmd)
		if !ok {
			break
		}
		// a && b && c is (a && b) && c
		if and.Op != syntax.AndStmt || !simple(last) || !c.enterAll(and.X) {
			return command{}, false
		}
		last = and.Y
	}
	call, ok := last.Cmd.(*syntax.CallExpr)
	if !ok || !simple(last) || len(call.Args) == 0 {
		return command{}, false
	}
	for _, a := range call.Assigns {
		value := ""
		if a.Value != nil {
			if value, ok = word(a.Value); !ok {
				return command{}, false
			}
		}
		if a.Append || a.Naked || a.Array != nil || a.Index != nil {
			return command{}, false
		}
		c.env = append(c.env, a.Name.Value+"="+value)
	}
	c.argv, ok = words(call.Args)
	return c, ok
}

// simple says that a statement has nothing but its command.
func simple(s *syntax.Stmt) bool {
	return !s.Negated && !s.Background && !s.Coprocess && len(s.Redirs) == 0
}

func (c *command) enterAll(s *syntax.Stmt) bool {
	if and, ok := s.Cmd.(*syntax.BinaryCmd); ok {
		return and.Op == syntax.AndStmt && simple(s) && c.enterAll(and.X) && c.enter(and.Y)
	}
	return c.enter(s)
}

// enter takes `cd DIR` in.
func (c *command) enter(s *syntax.Stmt) bool {
	call, ok := s.Cmd.(*syntax.CallExpr)
	if !ok || !simple(s) || len(call.Assigns) > 0 {
		return false
	}
	argv, ok := words(call.Args)
	if !ok || len(argv) != 2 || argv[0] != "cd" || strings.HasPrefix(argv[1], "-") {
		return false
	}
	c.dir = absolute(c.dir, argv[1])
	return true
}

func words(all []*syntax.Word) ([]string, bool) {
	var argv []string
	for _, w := range all {
		text, ok := word(w)
		if !ok {
			return nil, false
		}
		argv = append(argv, text)
	}
	return argv, true
}

// word is the text of a word that the shell would take as it stands.
func word(w *syntax.Word) (string, bool) {
	var b strings.Builder
	ok := literal(&b, w.Parts, false)
	return b.String(), ok
}

func literal(b *strings.Builder, parts []syntax.WordPart, quoted bool) bool {
	for i, p := range parts {
		switch p := p.(type) {
		case *syntax.Lit:
			text, ok := unescaped(p.Value, quoted)
			if !ok || !quoted && i == 0 && strings.HasPrefix(text, "~") {
				return false
			}
			b.WriteString(text)
		case *syntax.SglQuoted:
			if p.Dollar {
				return false
			}
			b.WriteString(p.Value)
		case *syntax.DblQuoted:
			if p.Dollar || !literal(b, p.Parts, true) {
				return false
			}
		default: // an expansion
			return false
		}
	}
	return true
}

// unescaped takes the backslashes out of a literal, which the parser leaves in
// (POSIX.1-2017, Shell & Utilities 2.2). A pattern is none.
func unescaped(s string, quoted bool) (string, bool) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		ch := s[i]
		switch {
		case ch == '\\' && i+1 < len(s):
			next := s[i+1]
			if quoted && !strings.ContainsRune("$`\"\\\n", rune(next)) {
				b.WriteByte(ch)
				continue
			}
			i++
			if next != '\n' {
				b.WriteByte(next)
			}
		case !quoted && strings.IndexByte("*?[", ch) >= 0:
			return "", false
		default:
			b.WriteByte(ch)
		}
	}
	return b.String(), true
}
