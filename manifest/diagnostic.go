package manifest

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tandem-dev/tandem/internal/fault"
)

// Severity is how bad a finding is; the numbers are those of the Language
// Server Protocol (DiagnosticSeverity).
type Severity int

// The severities. Only Error keeps a dev from starting.
const (
	Error       Severity = 1
	Warning     Severity = 2
	Information Severity = 3
	Hint        Severity = 4
)

// String is the lower-case name, as terminals show it.
func (s Severity) String() string {
	switch s {
	case Error:
		return "error"
	case Warning:
		return "warning"
	case Information:
		return "information"
	case Hint:
		return "hint"
	}
	return fmt.Sprintf("severity %d", int(s))
}

// The codes of diagnostics. They are stable: editors offer quick fixes by them.
const (
	CodeSyntax           = "syntax"              // not YAML, or not UTF-8
	CodeEmpty            = "empty"               // nothing in the file
	CodeManyDocuments    = "many-documents"      // more than one YAML document
	CodeTooComplex       = "too-complex"         // aliases that grow without bound, or refer to themselves
	CodeDuplicateKey     = "duplicate-key"       // one key twice in a mapping
	CodeUnknownField     = "unknown-field"       // a field that no manifest has
	CodeMisplacedField   = "misplaced-field"     // a field of another section
	CodeType             = "type"                // a list where text belongs, and the like
	CodeValue            = "value"               // right type, impossible value
	CodeMissingField     = "missing-field"       // a field that must be there
	CodeDevName          = "dev-name"            // a dev's key is no Kubernetes name
	CodePort             = "port"                // not a port, or a malformed forward or reverse
	CodePortClash        = "port-clash"          // two entries need one port
	CodeExpansion        = "expansion"           // a malformed ${…}
	CodeRequiredVariable = "required-variable"   // ${NAME:?…} without a value
	CodeUnsetVariable    = "unset-variable"      // $NAME without a value: expands to nothing
	CodeNotInherited     = "not-inherited"       // environment NAME without a local value: left out
	CodeShadowed         = "shadowed"            // set twice; the later one wins
	CodeFileMissing      = "file-missing"        // an envFiles entry that cannot be read
	CodeDirectoryMissing = "directory-missing"   // a workdir that is no directory
	CodeEnvFile          = "env-file"            // a fault inside .env or an envFiles entry
	CodeEnvName          = "env-name"            // a variable name most programs cannot use
	CodeIgnoredInHybrid  = "ignored-in-hybrid"   // a field without effect in hybrid mode
	CodeCommandLiteral   = "command-not-a-shell" // ${…} in a list command, which no shell sees
)

// Diagnostic is one finding in a manifest. Its Range is always in the manifest:
// a fault inside an env file is reported where the manifest names that file.
type Diagnostic struct {
	Severity Severity `json:"severity"`
	// Code is one of the Code constants.
	Code string `json:"code"`
	// Message says what is wrong, lower-case, without a full stop. It quotes the
	// manifest as written and never an expanded value.
	Message string `json:"message"`
	// Hint says what to do; it may be empty.
	Hint  string `json:"hint,omitempty"`
	Range Range  `json:"range"`
	// Dev is the name of the dev it belongs to, "" outside every dev.
	Dev string `json:"dev,omitempty"`
	// Replacement, where not empty, is what to write in place of Range: the one
	// correction that is surely meant, such as the name of a field without its
	// slip.
	Replacement string `json:"replacement,omitempty"`
}

// String is "line:column: severity: message (hint)", counted from 1.
func (d Diagnostic) String() string {
	text := fmt.Sprintf("%s: %s: %s", d.Range.Start, d.Severity, d.Message)
	if d.Hint != "" {
		text += " (" + d.Hint + ")"
	}
	return text
}

// Render shows the finding with the source line beneath it and a caret line
// under the place, for a terminal:
//
//	okteto.yml:4:5: error: unknown field "comand" (did you mean "command"?)
//	   4 |     comand: go run .
//	     |     ^^^^^^
//
// content is the manifest as it was parsed.
func (d Diagnostic) Render(path string, content []byte) string {
	src := newSource(strings.TrimPrefix(string(content), byteOrderMark))
	line := src.line(d.Range.Start.Line)
	from := byteColumn(line, d.Range.Start.Column)
	to := len(line)
	if d.Range.End.Line == d.Range.Start.Line {
		to = max(from, byteColumn(line, d.Range.End.Column))
	}
	// Tabs stay tabs in the caret line so that it lines up at any tab width.
	pad := strings.Map(func(r rune) rune {
		if r == '\t' {
			return r
		}
		return ' '
	}, line[:from])
	carets := strings.Repeat("^", max(1, len([]rune(line[from:to]))))
	return fmt.Sprintf("%s:%s\n%4d | %s\n     | %s%s", path, d, d.Range.Start.Line+1, line, pad, carets)
}

// byteColumn turns a UTF-16 column into a byte index of the line.
func byteColumn(line string, column int) int {
	units := 0
	for i, r := range line {
		if units >= column {
			return i
		}
		units++
		if r > 0xFFFF {
			units++
		}
	}
	return len(line)
}

// invalid makes the fault for the errors among the findings, nil if there are
// none. The fault carries every finding; its message lists the errors.
func invalid(path string, all []Diagnostic) error {
	var lines []string
	hint := ""
	for _, d := range all {
		if d.Severity != Error {
			continue
		}
		line := fmt.Sprintf("%s:%s: %s", filepath.Base(path), d.Range.Start, d.Message)
		if d.Hint != "" {
			line += " (" + d.Hint + ")"
		}
		lines = append(lines, line)
		hint = d.Hint
	}
	if len(lines) == 0 {
		return nil
	}
	e := fault.New(fault.ManifestInvalid, "%s", lines[0])
	if len(lines) > 1 {
		e = fault.New(fault.ManifestInvalid, "%d errors in %s\n  %s", len(lines), path, strings.Join(lines, "\n  "))
		hint = ""
	}
	if hint == "" {
		hint = "correct the manifest at the places named"
	}
	return e.Hint("%s", hint).With("diagnostics", all).With("path", path)
}

// sortDiagnostics orders findings by place and folds repetitions into one,
// which arise when an anchored block with a fault is used several times. One
// that several devs share belongs to none of them alone.
func sortDiagnostics(all []Diagnostic) []Diagnostic {
	slices.SortStableFunc(all, func(a, b Diagnostic) int {
		return cmp.Or(a.Range.Start.Compare(b.Range.Start), int(a.Severity-b.Severity))
	})
	type identity struct {
		at            Range
		code, message string
	}
	first := map[identity]int{}
	out := all[:0]
	for _, d := range all {
		id := identity{d.Range, d.Code, d.Message}
		if i, again := first[id]; again {
			if out[i].Dev != d.Dev {
				out[i].Dev = ""
			}
			continue
		}
		first[id] = len(out)
		out = append(out, d)
	}
	return out
}
