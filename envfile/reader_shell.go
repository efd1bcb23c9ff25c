package envfile

import (
	"encoding/base64"
	"strings"
)

// readShellWord models the POSIX shell (XCU 2.2): pieces in single quotes are
// literal, in double quotes literal but for $ ` \ ", outside only \' is
// taken beside safe characters. More than one word is refused.
func readShellWord(text string) (string, bool) {
	var out strings.Builder
	for text != "" {
		switch text[0] {
		case '\'':
			inner, rest, ok := strings.Cut(text[1:], "'")
			if !ok {
				return "", false
			}
			out.WriteString(inner)
			text = rest
		case '"':
			inner, rest, ok := strings.Cut(text[1:], `"`)
			if !ok || strings.ContainsAny(inner, "$`\\") {
				return "", false
			}
			out.WriteString(inner)
			text = rest
		case '\\':
			if !strings.HasPrefix(text, `\'`) {
				return "", false
			}
			out.WriteByte('\'')
			text = text[2:]
		default:
			if !isSafeBare(text[:1]) {
				return "", false
			}
			out.WriteByte(text[0])
			text = text[1:]
		}
	}
	return out.String(), true
}

// one is the answer of a model that reads a single statement.
func one(name, value string) ([]assignment, bool) { return []assignment{{name, value}}, true }

// readFish models `set -gx NAME '…'`: inside single quotes a backslash hides
// itself and the quote, and stands for itself before anything else.
func readFish(statement string) ([]assignment, bool) {
	name, text, found := strings.Cut(strings.TrimPrefix(statement, "set -gx "), " ")
	if !found || !strings.HasPrefix(text, "'") {
		return nil, false
	}
	end := quotedGrammar{hides: "'"}.closing(text)
	if end < 0 || text[end+1:] != "\n" {
		return nil, false
	}
	return one(name, unescapeSome(text[1:end], pythonQuoteEscapes))
}

// readCsh models `setenv NAME word`, where word is pieces in single quotes,
// between them \'. In a piece, \! and an escaped line's end lose the
// backslash; a bare line's end or mark of the history is an error.
func readCsh(statement string) ([]assignment, bool) {
	name, text, found := strings.Cut(strings.TrimPrefix(statement, "setenv "), " ")
	if !found {
		return nil, false
	}
	var out strings.Builder
	quoted := false
	for i := 0; i < len(text); i++ {
		c := text[i]
		next := byte(0)
		if i+1 < len(text) {
			next = text[i+1]
		}
		switch {
		case c == '\'':
			quoted = !quoted
		case c == '\\' && (quoted && (next == '!' || next == '\n') || !quoted && next == '\''):
			out.WriteByte(next)
			i++
		case !quoted && text[i:] == "\n":
			return one(name, out.String())
		case !quoted || c == '!' || c == '\n':
			return nil, false
		default:
			out.WriteByte(c)
		}
	}
	return nil, false
}

// readPowerShell models an assignment of a literal in single quotes, in which
// a doubled quote is one, or of text decoded from Base64. Outside ASCII it is
// uncertain: U+2018 to U+201B are quotes, and the encoding is a guess.
func readPowerShell(statement string) ([]assignment, bool) {
	name, text, found := strings.Cut(strings.TrimPrefix(statement, "${env:"), "} = ")
	text, ended := strings.CutSuffix(text, "\n")
	if !found || !ended || !isPrintableASCII(text) {
		return nil, false
	}
	if code, ok := strings.CutPrefix(text, powershellDecode); ok {
		code, ok = strings.CutSuffix(code, powershellEnd)
		value, err := base64.StdEncoding.DecodeString(code)
		if !ok || err != nil {
			return nil, false
		}
		return one(name, string(value))
	}
	if len(text) < 2 || text[0] != '\'' || text[len(text)-1] != '\'' {
		return nil, false
	}
	inner := text[1 : len(text)-1]
	if strings.Contains(strings.ReplaceAll(inner, "''", ""), "'") {
		return nil, false
	}
	return one(name, strings.ReplaceAll(inner, "''", "'"))
}

// readCmd models `@set "NAME=value"` in a batch file: percent signs come in
// pairs; the value ends at the line's last quote. Between quotes inside the
// value the characters & | < > and ^ would act, so that they and a quote do not
// go together.
func readCmd(statement string) ([]assignment, bool) {
	text, opened := strings.CutPrefix(statement, `@set "`)
	text, closed := strings.CutSuffix(text, "\"\r\n")
	name, value, found := strings.Cut(text, "=")
	if !opened || !closed || !found || !isPrintableASCII(value) {
		return nil, false
	}
	if strings.ContainsRune(value, '"') && strings.ContainsAny(value, "&|<>^") {
		return nil, false
	}
	if strings.Contains(strings.ReplaceAll(value, "%%", ""), "%") {
		return nil, false
	}
	return one(name, strings.ReplaceAll(value, "%%", "%"))
}
