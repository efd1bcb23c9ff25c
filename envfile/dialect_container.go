package envfile

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"
	"unicode/utf8"
)

// docker has neither quotes nor escapes: what stands after the equals sign is
// the value.
var docker = &checkedForm{reader: "docker", name: openName, lines: true, read: readDocker,
	refuse: func(value string) string {
		if strings.ContainsRune(value, '\n') {
			return "its value has a line break, and docker knows no quotes"
		}
		if len(value) > maxDockerLine {
			return "its value is longer than the 64 KiB that docker reads of a line"
		}
		return ""
	},
	spellings: func(value string) []string { return []string{value} }}

// systemd writes a value that spans lines in double quotes and closes and
// opens them again at each line's start, where a reader that goes line by line
// would look for a name.
var systemd = &checkedForm{reader: "systemd", name: posixName, lines: true, read: readSystemd,
	refuse: func(value string) string {
		if strings.ContainsFunc(value, func(r rune) bool { return r != '\n' && isControl(r) }) {
			return "its value has a control character, which versions of systemd treat differently"
		}
		return ""
	},
	spellings: func(value string) []string {
		if isSafeBare(value) {
			return []string{value}
		}
		return []string{`"` + systemdEscapes.Replace(value) + `"`}
	}}

var systemdEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "$", `\$`, "`", "\\`", "\n", "\n\"\"")

// encodeGitHub writes NAME=value, or a block between delimiters for a value
// of several lines. The delimiter is a digest of the value and occurs nowhere
// in it, so that no line of the value can end the block.
func encodeGitHub(out *bytes.Buffer, name, value string) string {
	if reason := gitHubName(name); reason != "" {
		return reason
	}
	if !utf8.ValidString(value) {
		return "its value is not UTF-8, which the runner requires"
	}
	if strings.HasSuffix(value, "\r") || strings.Contains(value, "\r\n") {
		return "its value has a carriage return at a line's end, which runners treat differently"
	}
	statement := name + "=" + value + "\n"
	if strings.ContainsFunc(value, isControl) {
		digest := sha256.Sum256([]byte(name + "=" + value))
		delimiter := "TANDEM_" + hex.EncodeToString(digest[:])
		if strings.Contains(value, delimiter) {
			return "its value holds the delimiter"
		}
		statement = name + "<<" + delimiter + "\n" + value + "\n" + delimiter + "\n"
	}
	if got, ok := readGitHub(statement); !ok || len(got) != 1 || got[0] != (assignment{name, value}) {
		return "the runner would read another value"
	}
	out.WriteString(statement)
	return ""
}

// gitHubOwned are names that a step may not set for the next ones, see
// "Setting an environment variable" in GitHub's workflow commands.
var gitHubOwned = regexp.MustCompile(`(?i)^(GITHUB_.*|RUNNER_.*|NODE_OPTIONS)$`)

func gitHubName(name string) string {
	if gitHubOwned.MatchString(name) {
		return "the runner keeps this name for itself"
	}
	return wordName(name)
}

// posixName is a name of letters, digits and _ that no digit starts.
func posixName(name string) string {
	for i := range len(name) {
		if c := name[i]; !(isAlphanumeric(c) || c == '_') || i == 0 && '0' <= c && c <= '9' {
			return "its name has other characters than letters, digits and _, or starts with a digit"
		}
	}
	return ""
}
