package envfile

import "strings"

// Models of the programs that read what Encode writes. Each takes the text
// after NAME= on one line and returns the value that the reader would make of
// it. They are strict: on anything where versions of a reader are known to
// differ, ok is false, so that the writer looks for another form. The tests
// hold them against the real readers.

// safeBare are the characters, beside ASCII letters and digits, that mean
// themselves outside quotes in every reader.
const safeBare = "_./:@%+,=-"

func isSafeBare(s string) bool {
	for i := range len(s) {
		c := s[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte(safeBare, c) >= 0) {
			return false
		}
	}
	return true
}

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

// readScriptValue models npm dotenv and node --env-file: one pair of quotes
// (' " or `) around the whole value; \n and \r count inside double quotes; a
// backslash may hide the closing quote in one and not in the other.
func readScriptValue(text string) (string, bool) {
	return readQuoted(text, "'\"`", "\\")
}

// readGoValue models godotenv and compose: one pair of quotes (' or ") around
// the whole value; inside double quotes backslashes escape and $ expands; a
// backslash hides the closing single quote.
func readGoValue(text string) (string, bool) {
	return readQuoted(text, "'\"", "\\$")
}

// readQuoted reads a bare value, or one in a pair of quotes. special are the
// characters that make the inside of double quotes uncertain.
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
