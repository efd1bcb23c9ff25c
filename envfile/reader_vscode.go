package envfile

import (
	"regexp"
	"strings"
	"unicode"
)

// jsSpace is white space in a JavaScript pattern and in String.trim.
func jsSpace(r rune) bool {
	switch r {
	case '\t', '\n', '\v', '\f', '\r', ' ', '\u00a0', '\u2028', '\u2029', '\ufeff':
		return true
	}
	return unicode.Is(unicode.Zs, r)
}

// isWordName is [\w.-]+ of a JavaScript pattern.
func isWordName(name string) bool {
	for i := range len(name) {
		if c := name[i]; !isAlphanumeric(c) && c != '_' && c != '.' && c != '-' {
			return false
		}
	}
	return name != ""
}

// readScriptLines splits a file as the extensions do: at \n, each line a name,
// an equals sign and the rest without the space before it. Lines that are no
// variable are passed over. A JavaScript dot stops at the other line ends, so
// a line with one in its middle is no variable either.
func readScriptLines(file string, value func(text string) (string, bool)) (all []assignment, ok bool) {
	for line := range strings.SplitSeq(strings.TrimSuffix(file, "\n"), "\n") {
		name, text, found := strings.Cut(strings.TrimLeftFunc(line, jsSpace), "=")
		if name = strings.TrimRightFunc(name, jsSpace); !found || !isWordName(name) {
			if found && strings.HasPrefix(name, "export") {
				return nil, false // some take it and some do not
			}
			continue
		}
		text = strings.TrimLeftFunc(text, jsSpace)
		if i := strings.IndexAny(text, "\r\u2028\u2029"); i >= 0 {
			if strings.TrimFunc(text[i:], jsSpace) != "" {
				continue
			}
			text = text[:i]
		}
		v, ok := value(text)
		if !ok {
			return nil, false
		}
		all = append(all, assignment{name, v})
	}
	return all, true
}

// readEnds takes one quote character off each end, matched or not, and \n for
// a line break when both ends are double quotes.
func readEnds(text string) string {
	if text == `"` {
		return ""
	}
	if strings.HasPrefix(text, `"`) && strings.HasSuffix(text, `"`) {
		text = strings.ReplaceAll(text, `\n`, "\n")
	}
	if text != "" && (text[0] == '\'' || text[0] == '"') {
		text = text[1:]
	}
	if n := len(text); n > 0 && (text[n-1] == '\'' || text[n-1] == '"') {
		text = text[:n-1]
	}
	return text
}

// vscodeReference is what the Go and Python extensions replace, or take for a
// broken reference, which stops all replacing in the value.
var vscodeReference = regexp.MustCompile("\\$\\{([a-zA-Z][0-9A-Za-z_]*)?([^}0-9A-Za-z_][^\n\r\u2028\u2029]*)?\\}")

// readReferences refuses ${…} without a backslash and takes \$ for $.
func readReferences(value string) (string, bool) {
	if strings.IndexByte(value, '$') < 0 {
		return value, true
	}
	for _, at := range vscodeReference.FindAllStringIndex(value, -1) {
		if at[0] == 0 || value[at[0]-1] != '\\' {
			return "", false
		}
	}
	return strings.ReplaceAll(value, `\$`, "$"), true
}

// readVSCodeGo models extension/src/utils/envUtils.ts of the Go extension.
func readVSCodeGo(file string) ([]assignment, bool) {
	return readScriptLines(file, func(text string) (string, bool) { return readReferences(readEnds(text)) })
}

// readVSCodeCpp models ParsedEnvironmentFile of the C/C++ and C# extensions:
// as the Go extension, without references.
func readVSCodeCpp(file string) ([]assignment, bool) {
	return readScriptLines(file, func(text string) (string, bool) { return readEnds(text), true })
}

// readVSCodePython models common/variables/environment.ts of the Python and
// debugpy extensions: a matching pair of quotes is taken off, \n is a line
// break in both sorts. Later versions let a quoted value span lines, so a quote
// inside a value is uncertain.
func readVSCodePython(file string) ([]assignment, bool) {
	return readScriptLines(file, func(text string) (string, bool) {
		text = strings.TrimRightFunc(text, jsSpace)
		if text != "" && (text[0] == '\'' || text[0] == '"') {
			inner, rest, found := strings.Cut(text[1:], text[:1])
			if !found || rest != "" {
				return "", false
			}
			text = strings.ReplaceAll(inner, `\n`, "\n")
		} else if strings.ContainsAny(text, `'"`) {
			return "", false
		}
		return readReferences(text)
	})
}
