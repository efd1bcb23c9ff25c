package envfile

import (
	"strings"
	"unicode"
)

// readJetBrains models parseEnvFile of the JetBrains platform
// (com.intellij.execution.envFile). Lines end at \n, \r\n or \r. A value in
// double quotes may span lines and then loses its line breaks, so it is
// uncertain; one in single quotes is all between the first and the last.
func readJetBrains(file string) (all []assignment, ok bool) {
	if strings.ContainsRune(file, '\r') {
		return nil, false
	}
	for line := range strings.SplitSeq(file, "\n") {
		name, text, found := strings.Cut(line, "=")
		if !found {
			continue
		}
		name = strings.TrimFunc(strings.TrimPrefix(strings.TrimFunc(name, unicode.IsSpace), "export "), unicode.IsSpace)
		if strings.HasPrefix(strings.TrimLeftFunc(text, unicode.IsSpace), `"`) {
			return nil, false
		}
		// A # after the last quote cuts the value.
		if i := strings.LastIndexByte(text, '#'); i >= 0 && i >= strings.LastIndexByte(text, '\'') {
			text = text[:i]
		}
		text = strings.TrimFunc(text, unicode.IsSpace)
		if len(text) >= 2 && text[0] == '\'' && text[len(text)-1] == '\'' {
			text = text[1 : len(text)-1]
		}
		all = append(all, assignment{name, text})
	}
	return all, true
}
