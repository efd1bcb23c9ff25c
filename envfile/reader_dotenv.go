package envfile

import (
	"regexp"
	"strings"
)

// readScriptValue models what npm dotenv and node --env-file agree on: one
// pair of quotes (' " or `) around the whole value; \n and \r count inside
// double quotes; a backslash may hide the closing quote in one and not in the
// other.
func readScriptValue(text string) (string, bool) {
	return readQuoted(text, "'\"`", "\\")
}

// readGoValue models what godotenv and compose agree on: one pair of quotes
// (' or ") around the whole value; inside double quotes backslashes escape and
// $ expands; a backslash hides the closing single quote.
func readGoValue(text string) (string, bool) {
	return readQuoted(text, "'\"", "\\$")
}

// scriptBare is a value without quotes in JavaScript: to the end of the line,
// without the space around it, cut at a #.
func scriptBare(text string) bool {
	return !strings.ContainsAny(text, "#'\"`\r\n") && !strings.ContainsFunc(text, isControl) && strings.TrimFunc(text, jsSpace) == text
}

// readNPMDotenv models npm dotenv 16 to 18. Raw carriage returns become line
// feeds when the file is read. A backslash before the closing quote may or may
// not hide it, by what follows in the file.
func readNPMDotenv(file string) ([]assignment, bool) {
	if strings.ContainsAny(file, "\r\u2028\u2029") {
		return nil, false
	}
	return quotedGrammar{quotes: "'\"`", bare: scriptBare, inner: func(quote byte, text string) (string, bool) {
		if strings.HasSuffix(text, `\`) {
			return "", false
		}
		if quote == '"' {
			text = strings.ReplaceAll(text, `\n`, "\n")
			text = strings.ReplaceAll(text, `\r`, "\r")
		}
		return text, true
	}}.read(file)
}

// readNode models util.parseEnv of Node.js 20.12 and later: as npm dotenv, but
// that \r is no escape. Before that it was a port of npm dotenv's pattern.
func readNode(file string) ([]assignment, bool) {
	if strings.ContainsAny(file, "\r\u2028\u2029") {
		return nil, false
	}
	return quotedGrammar{quotes: "'\"`", bare: scriptBare, inner: func(quote byte, text string) (string, bool) {
		if strings.HasSuffix(text, `\`) || quote == '"' && strings.Contains(text, `\r`) {
			return "", false
		}
		if quote == '"' {
			text = strings.ReplaceAll(text, `\n`, "\n")
		}
		return text, true
	}}.read(file)
}

// goEscapes are the escapes that compose takes inside double quotes.
var goEscapes = map[byte]byte{'a': '\a', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t', 'v': '\v', '\\': '\\', '"': '"', '$': '$'}

// readComposeFile models compose-go's dotenv: single quotes are literal but for
// \', double quotes take Go's escapes and expand $.
func readComposeFile(file string) ([]assignment, bool) {
	return quotedGrammar{quotes: `'"`, hides: `'"`, bare: isSafeBare, inner: func(quote byte, text string) (string, bool) {
		if quote == '\'' {
			return text, !strings.Contains(text, `\'`)
		}
		return unescape(text, goEscapes, "$")
	}}.read(file)
}

// pythonEscapes are the escapes of python-dotenv inside double quotes.
var (
	pythonEscapes      = map[byte]byte{'a': '\a', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t', 'v': '\v', '\\': '\\', '"': '"', '\'': '\''}
	pythonQuoteEscapes = map[byte]byte{'\\': '\\', '\'': '\''}
)

// pythonReference is what python-dotenv replaces, in quotes of any sort.
var pythonReference = regexp.MustCompile(`\$\{[^}:]*(:-[^}]*)?\}`)

// pythonBare is a value without quotes: to the end of the line, cut at a # after
// white space, with references replaced.
func pythonBare(text string) bool {
	return scriptBare(text) && !pythonReference.MatchString(text)
}

// readPythonDotenv models python-dotenv 0.10 and later. Before 1.2 every
// backslash hid a quote, even an escaped one, so that a backslash before the
// closing quote is uncertain.
func readPythonDotenv(file string) ([]assignment, bool) {
	if strings.ContainsRune(file, '\r') {
		return nil, false // read in text mode, where it becomes \n
	}
	return quotedGrammar{quotes: `'"`, hides: `'"`, bare: pythonBare, inner: func(quote byte, text string) (value string, ok bool) {
		if strings.HasSuffix(text, `\`) {
			return "", false
		}
		if quote == '"' {
			value, ok = unescape(text, pythonEscapes, "")
		} else {
			value, ok = unescapeSome(text, pythonQuoteEscapes), true
		}
		return value, ok && !pythonReference.MatchString(value)
	}}.read(file)
}

// unescape replaces the escapes; any other, and any of the refused characters
// without a backslash, makes the text uncertain.
func unescape(text string, escapes map[byte]byte, refused string) (string, bool) {
	if strings.IndexByte(text, '\\') < 0 {
		return text, refused == "" || !strings.ContainsAny(text, refused)
	}
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\\':
			i++
			if i == len(text) || escapes[text[i]] == 0 {
				return "", false
			}
			out.WriteByte(escapes[text[i]])
		case strings.IndexByte(refused, text[i]) >= 0:
			return "", false
		default:
			out.WriteByte(text[i])
		}
	}
	return out.String(), true
}

// unescapeSome replaces the escapes and leaves any other backslash in its place.
func unescapeSome(text string, escapes map[byte]byte) string {
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+1 < len(text) && escapes[text[i+1]] != 0 {
			i++
			out.WriteByte(escapes[text[i]])
			continue
		}
		out.WriteByte(text[i])
	}
	return out.String()
}
