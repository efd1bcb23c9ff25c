package envfile

import (
	"regexp"
	"strings"
)

// The dialects of the extensions of Visual Studio Code that have a parser of
// their own. The JavaScript and Java debuggers use npm dotenv instead.

var vscodeGo = &checkedForm{reader: "the Go extension", name: scriptName, lines: true, read: readVSCodeGo,
	refuse: func(value string) string {
		// The setting go.testEnvFile resolves values as paths (testUtils.ts);
		// envFile of a launch configuration does not, and both get this file.
		if strings.HasPrefix(value, "~") || goTestFolder.MatchString(value) {
			return "the Go extension takes its value for a path when it runs tests"
		}
		return ""
	},
	spellings: func(value string) []string {
		dollars := strings.ReplaceAll(value, "$", `\$`)
		return append(endSpellings(value), endSpellings(dollars)...)
	}}

var goTestFolder = regexp.MustCompile(`\$\{workspace(Folder|Root)\}`)

var vscodePython = &checkedForm{reader: "the Python extension", lines: true, read: readVSCodePython,
	name: func(name string) string {
		if !pythonName.MatchString(name) {
			return "its name is no name to the Python extension (letters, digits and _, with a letter before the first digit)"
		}
		return scriptName(name)
	},
	spellings: func(value string) []string {
		dollars := strings.ReplaceAll(value, "$", `\$`)
		return append(endSpellings(value), endSpellings(dollars)...)
	}}

var pythonName = regexp.MustCompile(`^_*[a-zA-Z][0-9A-Za-z_]*$`)

// vscodeCpp serves the C/C++ and the C# extension.
var vscodeCpp = &checkedForm{reader: "the extension", name: scriptName, lines: true, read: readVSCodeCpp, spellings: endSpellings}

// endSpellings are for readers that take a quote off each end. A line break is
// \n in double quotes, in single ones where the reader allows it.
func endSpellings(value string) []string {
	if strings.ContainsRune(value, '\n') {
		escaped := strings.ReplaceAll(value, "\n", `\n`)
		return []string{`"` + escaped + `"`, "'" + escaped + "'"}
	}
	quoted := []string{"'" + value + "'", `"` + value + `"`}
	if isSafeBare(value) {
		return append([]string{value}, quoted...)
	}
	return append(quoted, value)
}
