package envfile

import (
	"regexp"
	"strings"
	"unicode"
)

// Models of the programs that read what Encode writes. Each takes text as it
// stands in a file and returns what its reader would make of it. They are
// strict: on anything where versions of a reader are known to differ, ok is
// false, so that the writer looks for another spelling. The tests hold them
// against the real readers wherever those can run.

// assignment is one variable that a reader gets out of a file.
type assignment struct{ name, value string }

// safeBare are the characters, beside ASCII letters and digits, that mean
// themselves outside quotes in every reader.
const safeBare = "_./:@%+,=-"

func isSafeBare(s string) bool {
	for i := range len(s) {
		c := s[i]
		if !(isAlphanumeric(c) || strings.IndexByte(safeBare, c) >= 0) {
			return false
		}
	}
	return true
}

func isAlphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// isControl says whether some reader may take the character for the end of a
// line, or drop it.
func isControl(r rune) bool {
	return r != '\t' && unicode.IsControl(r) || r == '\u2028' || r == '\u2029'
}

// lineBreaks end a line in one program or another: most know only \n, Java and
// Kotlin also \r, Python's splitlines all of these.
const lineBreaks = "\n\r\v\f\x1c\x1d\x1e\u0085\u2028\u2029"

// startsVariable is the widest notion of a line that defines a variable, with
// the colon that npm dotenv and compose take beside the equals sign.
var startsVariable = regexp.MustCompile(`^[\s\p{Z}]*(export[\s\p{Z}]+)?[\pL\pN_.-]+[\s\p{Z}]*[=:]`)

// contained says whether no line of the text but the first could define a
// variable, in a reader that knows nothing of quotes. Without it a Secret
// whose content has a line LD_PRELOAD=… would set that variable wherever a file
// meets a simpler reader than the one it was written for.
func contained(text string) bool {
	for {
		i := strings.IndexAny(text, lineBreaks)
		if i < 0 {
			return true
		}
		text = strings.TrimLeft(text[i:], lineBreaks)
		if startsVariable.MatchString(text) {
			return false
		}
	}
}

// quotedGrammar describes the dotenv family: NAME=value, where value is bare
// to the end of the line or in one pair of quotes, which may span lines.
type quotedGrammar struct {
	// quotes open and close a value.
	quotes string
	// hides are the quotes inside which a backslash hides a closing one.
	hides string
	// bare says whether the text means itself outside quotes.
	bare func(text string) bool
	// inner gives the value of the text between two quotes.
	inner func(quote byte, text string) (string, bool)
}

func (g quotedGrammar) read(file string) (all []assignment, ok bool) {
	for file != "" {
		name, rest, found := strings.Cut(file, "=")
		if !found || strings.ContainsAny(name, "\n") {
			return nil, false
		}
		var value string
		if rest != "" && strings.IndexByte(g.quotes, rest[0]) >= 0 {
			end := g.closing(rest)
			if end < 0 || !strings.HasPrefix(rest[end+1:], "\n") {
				return nil, false
			}
			if value, ok = g.inner(rest[0], rest[1:end]); !ok {
				return nil, false
			}
			file = rest[end+2:]
		} else {
			if value, file, found = strings.Cut(rest, "\n"); !found || !g.bare(value) {
				return nil, false
			}
		}
		all = append(all, assignment{name, value})
	}
	return all, true
}

// closing finds the quote that ends the text's first one, or -1.
func (g quotedGrammar) closing(text string) int {
	hides := strings.IndexByte(g.hides, text[0]) >= 0
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] == '\\' && hides:
			i++
		case text[i] == text[0]:
			return i
		}
	}
	return -1
}

// readQuoted reads a bare value, or one in a pair of quotes, on which all
// readers of a family agree. special are the characters that make the inside
// of double quotes uncertain.
func readQuoted(text, quotes, special string) (string, bool) {
	if text == "" || strings.IndexByte(quotes, text[0]) < 0 {
		return text, isSafeBare(text)
	}
	quote := text[:1]
	inner, rest, ok := strings.Cut(text[1:], quote)
	if !ok || rest != "" || strings.HasSuffix(inner, `\`) {
		return "", false
	}
	if quote == `"` && strings.ContainsAny(inner, special) {
		return "", false
	}
	return inner, true
}
