package envfile

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// The dialects of the libraries that call their files .env, each with rules of
// its own; [Dotenv] keeps to what all of them agree on.

func encodeDotenv(out *bytes.Buffer, name, value string) string {
	if reason := shellName(name); reason != "" {
		return reason
	}
	if reason := scriptName(name); reason != "" {
		return reason
	}
	if !utf8.ValidString(value) {
		return "its value is not UTF-8, which dotenv readers require"
	}
	if strings.ContainsAny(value, "\n\r") {
		return "its value has a line break, which dotenv readers disagree on; use the json or shell dialect"
	}
	if strings.ContainsFunc(value, isControl) {
		return "its value has a control character, which dotenv readers disagree on; use the json or shell dialect"
	}
	// The most widely understood form first.
	for _, text := range []string{value, "'" + value + "'", `"` + value + `"`} {
		if agree(text, value) {
			out.WriteString(name + "=" + text + "\n")
			return ""
		}
	}
	return "its mix of quotes, dollars and backslashes reads differently in different dotenv readers; use the json or shell dialect"
}

// agree says whether every model of a dotenv reader gives value for text.
func agree(text, value string) bool {
	for _, read := range []func(string) (string, bool){readShellWord, readScriptValue, readGoValue} {
		if got, ok := read(text); !ok || got != value {
			return false
		}
	}
	return true
}

// npmDotenv serves npm dotenv and the debuggers that are built on it.
var npmDotenv = &checkedForm{reader: "npm dotenv", name: scriptName, lines: true, read: readNPMDotenv,
	spellings: func(value string) []string {
		return scriptSpellings(value, strings.NewReplacer("\n", `\n`, "\r", `\r`))
	}}

var nodeEnvFile = &checkedForm{reader: "node --env-file", name: scriptName, lines: true, read: readNode,
	spellings: func(value string) []string {
		return scriptSpellings(value, strings.NewReplacer("\n", `\n`))
	}}

// scriptSpellings prefers a value on one line; one that spans lines comes last.
func scriptSpellings(value string, escapes *strings.Replacer) []string {
	if !strings.ContainsAny(value, "\n\r") {
		return []string{value, "'" + value + "'", `"` + value + `"`, "`" + value + "`"}
	}
	return []string{`"` + escapes.Replace(value) + `"`, "'" + value + "'", "`" + value + "`", `"` + value + `"`}
}

var compose = &checkedForm{reader: "compose", name: wordName, lines: true, read: readComposeFile,
	spellings: func(value string) []string {
		escaped := `"` + composeEscapes.Replace(value) + `"`
		if strings.ContainsFunc(value, isControl) {
			return []string{escaped}
		}
		return []string{value, "'" + value + "'", escaped}
	}}

var composeEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "$", `\$`, "\n", `\n`, "\r", `\r`, "\a", `\a`, "\b", `\b`, "\f", `\f`, "\v", `\v`)

var pythonDotenv = &checkedForm{reader: "python-dotenv", name: wordName, lines: true, read: readPythonDotenv,
	spellings: func(value string) []string {
		escaped := `"` + pythonDotenvEscapes.Replace(value) + `"`
		if strings.ContainsFunc(value, isControl) {
			return []string{escaped}
		}
		if isSafeBare(value) {
			return []string{value}
		}
		return []string{"'" + value + "'", escaped, value}
	}}

var pythonDotenvEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\a", `\a`, "\b", `\b`, "\f", `\f`, "\v", `\v`)

// wordName allows letters, digits, _, . and -, which all dotenv libraries take.
func wordName(name string) string {
	if !isWordName(name) {
		return "its name has other characters than letters, digits, _, . and -"
	}
	return ""
}

// scriptName is wordName for programs that keep variables in a JavaScript object.
func scriptName(name string) string {
	if name == "__proto__" {
		return "JavaScript keeps this name for itself"
	}
	return wordName(name)
}
