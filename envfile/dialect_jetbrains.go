package envfile

import (
	"strings"
	"unicode"
)

// jetbrains is for the file that the platform's own field "Environment
// variables" takes. The EnvFile plugin gets JSON, see dialect_json.go.
var jetbrains = &checkedForm{reader: "the JetBrains platform", name: openName, lines: true, read: readJetBrains,
	spellings: func(value string) []string {
		if isSafeBare(value) {
			return []string{value}
		}
		// Single quotes keep all that is between them; after a double one the
		// platform trims.
		return []string{"'" + value + "'"}
	}}

// openName allows whatever has no white space and starts no comment.
func openName(name string) string {
	if strings.HasPrefix(name, "#") {
		return "a line that starts with # is a comment"
	}
	if strings.ContainsFunc(name, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }) {
		return "its name has white space or a control character"
	}
	return ""
}
