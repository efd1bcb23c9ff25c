package envfile

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tandem-dev/tandem/internal/fault"
)

// Dialect is a text format for an environment, made for certain readers.
type Dialect string

const (
	// Dotenv is NAME=value lines on which the dotenv readers and the POSIX
	// shell agree: npm dotenv, `node --env-file`, godotenv, compose, and
	// `set -a; . file` in sh, dash and bash. Values have no line break and no
	// control character, so that a reader that goes line by line can never
	// take a part of a value for another variable. python-dotenv agrees but
	// for ${…} and double backslashes, which it replaces even in single quotes.
	Dotenv Dialect = "dotenv"
	// JSON is one object of name to value, exact for all text.
	JSON Dialect = "json"
	// Shell is `export NAME='…'` for the POSIX shell, exact for all bytes.
	Shell Dialect = "shell"
)

// Dialects lists the dialects that Encode knows.
func Dialects() []Dialect { return []Dialect{Dotenv, JSON, Shell} }

// Extension is the ending of a file in the dialect, with its dot.
func (d Dialect) Extension() string {
	switch d {
	case JSON:
		return ".json"
	case Shell:
		return ".sh"
	}
	return ".env"
}

// Undeliverable names a variable that a dialect cannot carry, and why. It
// never holds the value.
type Undeliverable struct {
	Name   string `json:"name"`
	Reason string `json:"reason"`
}

// encoder writes one variable, or says why it cannot.
type encoder func(out *bytes.Buffer, name, value string) (reason string)

// Encode writes the environment in the dialect, sorted by name. Each value is
// read back with a model of the dialect's readers before it counts as
// delivered; what does not come back byte for byte is left out and returned as
// undeliverable. The bytes carry secrets. An unknown dialect is
// fault.InvalidParams.
func Encode(e *Environment, d Dialect) ([]byte, []Undeliverable, error) {
	var out bytes.Buffer
	var encode encoder
	switch d {
	case Dotenv:
		out.WriteString(fileHeader)
		encode = encodeDotenv
	case Shell:
		out.WriteString(fileHeader)
		encode = encodeShell
	case JSON:
		encode = encodeJSON
	default:
		return nil, nil, fault.New(fault.InvalidParams, "unknown dialect %q of env file", d).
			Hint("known dialects: %s", joinDialects())
	}
	var left []Undeliverable
	for _, v := range e.Vars {
		reason := undeliverable(v)
		if reason == "" {
			reason = encode(&out, v.Name, v.Value)
		}
		if reason != "" {
			left = append(left, Undeliverable{Name: v.Name, Reason: reason})
		}
	}
	if d == JSON {
		if out.Len() == 0 {
			out.WriteByte('{')
		}
		out.WriteString("\n}\n")
	}
	return out.Bytes(), left, nil
}

// fileHeader is a comment for every reader of the line formats.
const fileHeader = "# Written by Tandem. It holds secrets and is overwritten: do not commit, do not edit.\n"

func joinDialects() string {
	var names []string
	for _, d := range Dialects() {
		names = append(names, string(d))
	}
	return strings.Join(names, ", ")
}

// undeliverable holds the reasons that count in every dialect.
func undeliverable(v Variable) string {
	switch {
	case v.Unresolved:
		return "it has no value until the pod runs"
	case v.Name == "":
		return "its name is empty"
	case strings.ContainsAny(v.Name, "=\x00"):
		return "no process can have a variable with this name"
	case strings.ContainsRune(v.Value, 0):
		return "its value holds a NUL byte, which no process can be given"
	}
	return ""
}

func encodeJSON(out *bytes.Buffer, name, value string) string {
	if !utf8.ValidString(name) {
		return "its name is not UTF-8, which JSON requires"
	}
	if !utf8.ValidString(value) {
		return "its value is not UTF-8, which JSON requires"
	}
	quoted := func(s string) []byte {
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(s); err != nil {
			return nil
		}
		return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
	}
	n, v := quoted(name), quoted(value)
	var nameBack, valueBack string
	if json.Unmarshal(n, &nameBack) != nil || json.Unmarshal(v, &valueBack) != nil || nameBack != name || valueBack != value {
		return "JSON does not carry it exactly"
	}
	separator := ",\n  "
	if out.Len() == 0 {
		separator = "{\n  "
	}
	fmt.Fprintf(out, "%s%s: %s", separator, n, v)
	return ""
}

func encodeShell(out *bytes.Buffer, name, value string) string {
	if reason := shellName(name); reason != "" {
		return reason
	}
	word := "'" + strings.ReplaceAll(value, "'", `'\''`) + "'"
	if back, ok := readShellWord(word); !ok || back != value {
		return "the shell would read another value"
	}
	out.WriteString("export " + name + "=" + word + "\n")
	return ""
}

func encodeDotenv(out *bytes.Buffer, name, value string) string {
	if reason := shellName(name); reason != "" {
		return reason
	}
	if !utf8.ValidString(value) {
		return "its value is not UTF-8, which dotenv readers require"
	}
	if strings.ContainsAny(value, "\n\r") {
		return "its value has a line break, which dotenv readers disagree on; use the json or shell dialect"
	}
	if strings.ContainsFunc(value, func(r rune) bool {
		// What some reader may take for the end of a line.
		return r != '\t' && unicode.IsControl(r) || r == '\u2028' || r == '\u2029'
	}) {
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

// shellName says why the POSIX shell cannot set and export name, or "".
func shellName(name string) string {
	for i := range len(name) {
		c := name[i]
		if !(c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || i > 0 && '0' <= c && c <= '9') {
			return "its name is not a name in the shell (letters, digits and _); use the json dialect"
		}
	}
	if shellOwned[name] {
		return "the shell keeps this name for itself; use the json dialect"
	}
	return ""
}

// shellOwned are names that sh, dash or bash refuse to set, or set themselves,
// or that change how the rest of the file is read.
var shellOwned = map[string]bool{
	"_": true, "UID": true, "EUID": true, "PPID": true, "GROUPS": true, "LINENO": true, "RANDOM": true, "SRANDOM": true,
	"SECONDS": true, "EPOCHSECONDS": true, "EPOCHREALTIME": true, "HISTCMD": true, "OPTIND": true, "DIRSTACK": true,
	"FUNCNAME": true, "PIPESTATUS": true, "SHELLOPTS": true, "BASHOPTS": true, "POSIXLY_CORRECT": true, "BASHPID": true,
	"BASH": true, "BASH_ALIASES": true, "BASH_ARGC": true, "BASH_ARGV": true, "BASH_ARGV0": true, "BASH_CMDS": true,
	"BASH_COMMAND": true, "BASH_COMPAT": true, "BASH_LINENO": true, "BASH_MONOSECONDS": true, "BASH_REMATCH": true,
	"BASH_SOURCE": true, "BASH_SUBSHELL": true, "BASH_VERSINFO": true, "BASH_XTRACEFD": true, "BASH_TRAPSIG": true,
	"COMP_WORDBREAKS": true,
}
