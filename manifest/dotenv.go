package manifest

import (
	"fmt"
	"slices"
	"strings"
)

// byteOrderMark opens some files that Windows editors wrote.
const byteOrderMark = "\uFEFF"

// envLine is one variable of an env file.
type envLine struct {
	name  string
	value string
	bare  bool // NAME alone: the value comes from the local machine
	line  int  // from 1
}

// envFault is one fault of an env file. Its message names the variable that a
// line sets and quotes nothing else: env files hold passwords, and pa$word or a
// key broken over several lines reads as the name of a variable.
type envFault struct {
	line, column int // from 1; the column counts bytes
	message      string
	hint         string
	warning      bool
}

// parseEnvFile reads KEY=VALUE lines:
//
//	# a comment                   export may stand before a name
//	NAME=plain text # comment     ends at " #" or the line; $NAME expands; \$ is a dollar sign
//	NAME='as it is $5'            nothing expands, no escapes, may span lines
//	NAME="a\tb $OTHER"            \n \r \t \" \\ \$ and expansion, may span lines
//	NAME=                         the empty string
//	NAME                          the local value, or absent where there is none
//
// expand is called in file order with the template of a value; it sees the
// variables above it when the caller records them.
func parseEnvFile(text string, each func(envLine), expand func(t template) (string, []finding)) []envFault {
	p := envParser{text: strings.TrimPrefix(text, byteOrderMark), line: 1, expand: expand}
	for p.at < len(p.text) {
		if v, ok := p.statement(); ok {
			each(v)
		}
	}
	return p.faults
}

type envParser struct {
	text      string
	at        int
	line      int // of at
	lineStart int
	expand    func(template) (string, []finding)
	faults    []envFault
}

func (p *envParser) fail(warning bool, hint, format string, args ...any) {
	p.faults = append(p.faults, envFault{line: p.line, column: p.at - p.lineStart + 1,
		message: fmt.Sprintf(format, args...), hint: hint, warning: warning})
}

// restOfLine is the text up to the line break.
func (p *envParser) restOfLine() string {
	rest := p.text[p.at:]
	if nl := strings.IndexByte(rest, '\n'); nl >= 0 {
		rest = rest[:nl]
	}
	return strings.TrimSuffix(rest, "\r")
}

// nextLine moves behind the next line break.
func (p *envParser) nextLine() {
	nl := strings.IndexByte(p.text[p.at:], '\n')
	if nl < 0 {
		p.at = len(p.text)
		return
	}
	p.at += nl + 1
	p.line++
	p.lineStart = p.at
}

func (p *envParser) blanks() {
	for p.at < len(p.text) && (p.text[p.at] == ' ' || p.text[p.at] == '\t') {
		p.at++
	}
}

// statement reads one line, or several where a quoted value spans them.
func (p *envParser) statement() (envLine, bool) {
	defer p.nextLine()
	p.blanks()
	rest := p.restOfLine()
	if rest == "" || rest[0] == '#' {
		return envLine{}, false
	}
	if after, ok := strings.CutPrefix(rest, "export"); ok && after != "" && (after[0] == ' ' || after[0] == '\t') {
		p.at += len("export")
		p.blanks()
		rest = p.restOfLine()
	}
	end := 0
	for end < len(rest) && (isNameStart(rest[end]) || end > 0 && (rest[end] >= '0' && rest[end] <= '9' || rest[end] == '.' || rest[end] == '-')) {
		end++
	}
	if end == 0 {
		p.fail(false, "a line is NAME=value, a comment starts with #", "a variable name was expected")
		return envLine{}, false
	}
	v := envLine{name: rest[:end], line: p.line}
	p.at += end
	p.blanks()
	switch rest = p.restOfLine(); {
	case rest == "" || rest[0] == '#':
		v.bare = true
		return v, true
	case rest[0] != '=':
		p.fail(false, "a line is NAME=value", "\"=\" was expected behind the name")
		return envLine{}, false
	}
	p.at++
	p.blanks()
	value, ok := p.value(v.name)
	v.value = value
	return v, ok
}

func (p *envParser) value(name string) (string, bool) {
	rest := p.restOfLine()
	if rest == "" {
		return "", true
	}
	switch rest[0] {
	case '\'', '"':
		return p.quoted(name, rest[0])
	case '#': // NAME= # comment
		return "", true
	}
	plain := rest
	for i := 1; i < len(plain); i++ {
		if plain[i] == '#' && (plain[i-1] == ' ' || plain[i-1] == '\t') {
			plain = plain[:i]
			break
		}
	}
	return p.expanded(name, strings.ReplaceAll(strings.TrimRight(plain, " \t"), `\$`, "$$"))
}

// quoted reads from the opening quote to its partner and checks that nothing
// but a comment follows.
func (p *envParser) quoted(name string, quote byte) (string, bool) {
	openLine, openStart, open := p.line, p.lineStart, p.at
	var b strings.Builder
	for p.at++; p.at < len(p.text); p.at++ {
		c := p.text[p.at]
		switch {
		case c == quote:
			p.at++
			p.blanks()
			if rest := p.restOfLine(); rest != "" && rest[0] != '#' {
				p.fail(false, "", "text follows the closing quote of %s", name)
				return "", false
			}
			if quote == '\'' {
				return b.String(), true
			}
			return p.expanded(name, b.String())
		case c == '\\' && quote == '"' && p.at+1 < len(p.text):
			p.at++
			switch e := p.text[p.at]; e {
			case 'n':
				b.WriteByte('\n')
			case 'r':
				b.WriteByte('\r')
			case 't':
				b.WriteByte('\t')
			case '"', '\\':
				b.WriteByte(e)
			case '$':
				b.WriteString("$$")
			default:
				b.WriteByte('\\')
				p.at-- // a backslash before anything else is itself
			}
		case c == '\r' && p.at+1 < len(p.text) && p.text[p.at+1] == '\n':
			// a line break inside quotes is one line feed
		default:
			if c == '\n' {
				p.line++
				p.lineStart = p.at + 1
			}
			b.WriteByte(c)
		}
	}
	p.line, p.lineStart, p.at = openLine, openStart, open
	p.fail(false, "", "the quote that opens the value of %s is never closed", name)
	p.at = len(p.text) // everything behind it would be guesswork
	return "", false
}

// expanded expands a value and turns what was found into faults at its line.
func (p *envParser) expanded(name, text string) (string, bool) {
	t, bad := parseTemplate(text)
	value, found := p.expand(t)
	const quote = "if $ is meant as such, put the value in single quotes"
	switch {
	case len(bad) > 0:
		p.fail(false, quote, "the value of %s holds a malformed ${…}", name)
	case slices.ContainsFunc(found, func(f finding) bool { return f.code == CodeRequiredVariable }):
		p.fail(false, "", "the value of %s requires a variable that is not set or empty", name)
	case len(found) > 0:
		p.fail(true, quote, "the value of %s refers to a variable that is not set; it expands to nothing", name)
	}
	return value, len(bad) == 0
}
