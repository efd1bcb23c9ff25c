package manifest

import (
	"fmt"
	"strings"
)

// A template is text with variables in it, parsed once and expanded against an
// environment. The forms, after the POSIX shell:
//
//	$NAME ${NAME}              the value; nothing, with a warning, when unset
//	${NAME-text}  ${NAME=text}   text when unset
//	${NAME:-text} ${NAME:=text}  text when unset or empty ('=' does not assign)
//	${NAME+text}  ${NAME:+text}  text when set (and not empty), else nothing
//	${NAME?text}  ${NAME:?text}  an error when unset (or empty)
//	$$                         one dollar sign
//
// text is a template again, up to the brace that closes it. A dollar sign
// before anything else stands for itself.
type template []part

// part is literal text, or a variable when name is set.
type part struct {
	literal    string
	name       string
	operator   string   // "", or one of - = + ? with an optional ':' before it
	word       template // the text behind the operator
	raw        string   // that text as written, for the message of '?'
	start, end int      // byte offsets in the parsed text
}

// finding is one thing to say about a template, at byte offsets of its text.
type finding struct {
	code       string
	message    string
	hint       string
	start, end int
}

// maxExpansionDepth bounds nesting; people stop at two.
const maxExpansionDepth = 20

// parseTemplate reads text; the findings are all errors of form.
func parseTemplate(text string) (template, []finding) {
	p := templateParser{text: text}
	return p.parse(0), p.findings
}

type templateParser struct {
	text     string
	at       int
	findings []finding
}

func (p *templateParser) fail(start int, hint, format string, args ...any) {
	p.findings = append(p.findings, finding{
		code: CodeExpansion, message: fmt.Sprintf(format, args...), hint: hint, start: start, end: min(p.at, len(p.text)),
	})
}

// parse reads up to the end, or inside braces up to the one that closes them,
// which it leaves. Plain braces inside a word nest, so that ${A:-{"k":1}} is
// what it looks like.
func (p *templateParser) parse(depth int) template {
	var out template
	var literal strings.Builder
	flush := func() {
		if literal.Len() > 0 {
			out = append(out, part{literal: literal.String()})
			literal.Reset()
		}
	}
	braces := 0
	for p.at < len(p.text) {
		c := p.text[p.at]
		if depth > 0 && c == '}' && braces == 0 {
			break
		}
		next := byte(0)
		if p.at+1 < len(p.text) {
			next = p.text[p.at+1]
		}
		switch {
		case c == '$' && next == '$':
			literal.WriteByte('$')
			p.at += 2
		case c == '$' && next == '{':
			flush()
			if v, ok := p.braced(depth); ok {
				out = append(out, v)
			}
		case c == '$' && isNameStart(next):
			flush()
			start := p.at
			p.at++
			name := p.name()
			out = append(out, part{name: name, start: start, end: p.at})
		default:
			if depth > 0 && c == '{' {
				braces++
			} else if depth > 0 && c == '}' {
				braces--
			}
			literal.WriteByte(c)
			p.at++
		}
	}
	flush()
	return out
}

// braced reads one ${…}; on an error it skips what it can and reports it.
func (p *templateParser) braced(depth int) (part, bool) {
	v := part{start: p.at}
	p.at += len("${")
	v.name = p.name()
	if v.name == "" {
		p.skip()
		p.fail(v.start, "write $$ for a dollar sign that is meant as such", "a variable name must follow ${")
		return v, false
	}
	rest := p.text[p.at:]
	switch {
	case strings.HasPrefix(rest, "}"):
		p.at++
		v.end = p.at
		return v, true
	case len(rest) >= 2 && rest[0] == ':' && strings.IndexByte("-=+?", rest[1]) >= 0:
		v.operator = rest[:2]
	case rest != "" && strings.IndexByte("-=+?", rest[0]) >= 0:
		v.operator = rest[:1]
	case rest == "":
		p.unclosed(v, depth)
		return v, false
	default:
		p.skip()
		p.fail(v.start, "the forms are ${NAME}, ${NAME:-default}, ${NAME:+text} and ${NAME:?message}",
			"${%s… has no form that a manifest knows", v.name)
		return v, false
	}
	p.at += len(v.operator)
	from := p.at
	if depth >= maxExpansionDepth {
		p.at = len(p.text)
		p.fail(v.start, "", "variables nest deeper than %d levels", maxExpansionDepth)
		return v, false
	}
	v.word = p.parse(depth + 1)
	v.raw = p.text[from:p.at]
	if p.at >= len(p.text) {
		p.unclosed(v, depth)
		return v, false
	}
	p.at++
	v.end = p.at
	return v, true
}

// unclosed reports a brace that nothing closes; of several inside each other
// only the outermost, which is the one to close.
func (p *templateParser) unclosed(v part, depth int) {
	if depth == 0 {
		p.fail(v.start, "add the closing }", "${%s%s is not closed", v.name, v.operator)
	}
}

// skip moves behind the brace that closes the current one, or to the end.
func (p *templateParser) skip() {
	for level := 1; p.at < len(p.text); p.at++ {
		switch p.text[p.at] {
		case '{':
			level++
		case '}':
			if level--; level == 0 {
				p.at++
				return
			}
		}
	}
}

func (p *templateParser) name() string {
	from := p.at
	if p.at < len(p.text) && isNameStart(p.text[p.at]) {
		for p.at < len(p.text) && (isNameStart(p.text[p.at]) || p.text[p.at] >= '0' && p.text[p.at] <= '9') {
			p.at++
		}
	}
	return p.text[from:p.at]
}

func isNameStart(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// String writes the template so that parsing it gives the same again.
func (t template) String() string {
	var b strings.Builder
	for _, p := range t {
		switch {
		case p.name == "":
			b.WriteString(strings.ReplaceAll(p.literal, "$", "$$"))
		default:
			b.WriteString("${" + p.name + p.operator + p.word.String() + "}")
		}
	}
	return b.String()
}

// lookup finds a variable; ok is false when it is unset.
type lookup func(name string) (value string, ok bool)

// expand gives the text with the values in place, and what there is to say:
// variables unset or required. Words that are not used are not looked at.
func (t template) expand(env lookup) (string, []finding) {
	if len(t) == 1 && t[0].name == "" {
		return t[0].literal, nil
	}
	var b strings.Builder
	var found []finding
	for _, p := range t {
		if p.name == "" {
			b.WriteString(p.literal)
			continue
		}
		value, set := env(p.name)
		usable := set && (value != "" || !strings.HasPrefix(p.operator, ":"))
		word := func() {
			text, more := p.word.expand(env)
			b.WriteString(text)
			found = append(found, more...)
		}
		switch strings.TrimPrefix(p.operator, ":") {
		case "":
			if !set {
				found = append(found, finding{code: CodeUnsetVariable, start: p.start, end: p.end,
					message: fmt.Sprintf("variable %s is not set and expands to nothing", p.name),
					hint:    fmt.Sprintf("set it, put it in .env, or give a default: ${%s:-…}", p.name)})
			}
			b.WriteString(value)
		case "-", "=":
			if usable {
				b.WriteString(value)
			} else {
				word()
			}
		case "+":
			if usable {
				word()
			}
		case "?":
			if usable {
				b.WriteString(value)
				break
			}
			state := "not set"
			if set {
				state = "empty"
			}
			message := fmt.Sprintf("required variable %s is %s", p.name, state)
			if p.raw != "" {
				message += ": " + p.raw
			}
			found = append(found, finding{code: CodeRequiredVariable, start: p.start, end: p.end, message: message,
				hint: fmt.Sprintf("set %s in your environment or in .env beside the manifest", p.name)})
		}
	}
	return b.String(), found
}
