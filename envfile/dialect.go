package envfile

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/tandem-dev/tandem/internal/fault"
)

// Dialect is a text format for an environment, made for one reader or, with
// [Dotenv], for what several agree on. Its text is stable: protocol and command
// line use it. docs/dialects.md says who reads each one and what it cannot carry.
type Dialect string

// The dialects that several readers share.
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

// The dialects of the editors' debuggers and test runners.
const (
	// VSCodeGo is read by the Go extension: envFile of a launch configuration
	// and the setting go.testEnvFile.
	VSCodeGo Dialect = "vscode-go"
	// VSCodePython is read by the Python and debugpy extensions.
	VSCodePython Dialect = "vscode-python"
	// VSCodeNode is read by the JavaScript debugger, which uses npm dotenv.
	VSCodeNode Dialect = "vscode-node"
	// VSCodeJava is read by the Java debugger, which uses npm dotenv.
	VSCodeJava Dialect = "vscode-java"
	// VSCodeCSharp is read by the C# extension (type coreclr).
	VSCodeCSharp Dialect = "vscode-csharp"
	// VSCodeCpp is read by the C/C++ extension (type cppdbg).
	VSCodeCpp Dialect = "vscode-cpp"
	// JetBrains is read by the platform's own "Environment variables file".
	JetBrains Dialect = "jetbrains"
	// JetBrainsEnvFile is JSON for the EnvFile plugin, which reads it as YAML:
	// exact for all text when the plugin's variable substitution is off.
	JetBrainsEnvFile Dialect = "jetbrains-envfile"
)

// The dialects of libraries, container tools and other shells.
const (
	// DotenvJS is read by npm dotenv.
	DotenvJS Dialect = "dotenv-js"
	// Node is read by `node --env-file` and util.parseEnv.
	Node Dialect = "node"
	// PythonDotenv is read by the Python package python-dotenv.
	PythonDotenv Dialect = "python-dotenv"
	// Docker is read by `docker run --env-file`: no quotes, no escapes.
	Docker Dialect = "docker"
	// Compose is read by `docker compose`: env_file and --env-file.
	Compose Dialect = "compose"
	// Systemd is read by EnvironmentFile= of a unit.
	Systemd Dialect = "systemd"
	// GitHubEnv is appended to the file $GITHUB_ENV of a workflow's job.
	GitHubEnv Dialect = "github-env"
	// Fish is `set -gx` lines, for `source` in fish.
	Fish Dialect = "fish"
	// PowerShell is $env: assignments, for `. file` in Windows PowerShell and pwsh.
	PowerShell Dialect = "powershell"
	// Csh is `setenv` lines, for `source` in csh and tcsh.
	Csh Dialect = "csh"
	// Cmd is a batch file of `set` lines, for `call` in the Windows command prompt.
	Cmd Dialect = "cmd"
)

// format is how a dialect is written.
type format struct {
	dialect Dialect
	// extension ends the name of its file, with its dot. No two are equal.
	extension string
	// header opens the file.
	header string
	// encode writes one variable.
	encode encoder
	// finish closes the file; may be nil.
	finish func(out *bytes.Buffer)
}

// encoder writes one variable, or says why it cannot. It writes nothing then.
type encoder func(out *bytes.Buffer, name, value string) (reason string)

// fileHeader is a comment for every reader of the line formats.
const fileHeader = "# Written by Tandem. It holds secrets and is overwritten: do not commit, do not edit.\n"

// formats are all dialects, in the order in which they are listed to people.
// It is a function and not a variable so that no two places can share state.
func formats() []format {
	return []format{
		{Dotenv, ".env", fileHeader, encodeDotenv, nil},
		{JSON, ".json", "", encodeJSON, closeJSON},
		{Shell, ".sh", fileHeader, encodeShell, nil},
		{VSCodeGo, ".vscode-go.env", fileHeader, vscodeGo.encode, nil},
		{VSCodePython, ".vscode-python.env", fileHeader, vscodePython.encode, nil},
		{VSCodeNode, ".vscode-node.env", fileHeader, npmDotenv.encode, nil},
		{VSCodeJava, ".vscode-java.env", fileHeader, npmDotenv.encode, nil},
		{VSCodeCSharp, ".vscode-csharp.env", fileHeader, vscodeCpp.encode, nil},
		{VSCodeCpp, ".vscode-cpp.env", fileHeader, vscodeCpp.encode, nil},
		{JetBrains, ".jetbrains.env", fileHeader, jetbrains.encode, nil},
		{JetBrainsEnvFile, ".jetbrains-envfile.json", "", encodeEnvFilePlugin, closeJSON},
		{DotenvJS, ".dotenv-js.env", fileHeader, npmDotenv.encode, nil},
		{Node, ".node.env", fileHeader, nodeEnvFile.encode, nil},
		{PythonDotenv, ".python-dotenv.env", fileHeader, pythonDotenv.encode, nil},
		{Docker, ".docker.env", fileHeader, docker.encode, nil},
		{Compose, ".compose.env", fileHeader, compose.encode, nil},
		{Systemd, ".systemd.env", fileHeader, systemd.encode, nil},
		// Not .env: a line of a long value may look like a variable to a dotenv reader.
		{GitHubEnv, ".github-env.txt", "", encodeGitHub, nil},
		{Fish, ".fish", fileHeader, fish.encode, nil},
		{PowerShell, ".ps1", fileHeader, powershell.encode, nil},
		{Csh, ".csh", fileHeader, csh.encode, nil},
		{Cmd, ".cmd", cmdHeader, cmd.encode, nil},
	}
}

func (d Dialect) format() (format, bool) {
	for _, f := range formats() {
		if f.dialect == d {
			return f, true
		}
	}
	return format{}, false
}

// Dialects lists the dialects that Encode knows, the shared ones first.
func Dialects() []Dialect {
	var all []Dialect
	for _, f := range formats() {
		all = append(all, f.dialect)
	}
	return all
}

// Extension is the ending of a file in the dialect, with its dot: ".env" for
// [Dotenv], ".vscode-go.env" for [VSCodeGo]. An unknown dialect has none.
func (d Dialect) Extension() string {
	f, _ := d.format()
	return f.extension
}

// Undeliverable names a variable that a dialect cannot carry, and why. It
// never holds the value.
type Undeliverable struct {
	Name   string `json:"name"`
	Reason string `json:"reason"`
}

// Encode writes the environment in the dialect, sorted by name. Each value is
// read back with a model of the dialect's readers before it counts as
// delivered; what does not come back byte for byte is left out and returned as
// undeliverable. The bytes carry secrets. An unknown dialect is
// fault.InvalidParams.
func Encode(e *Environment, d Dialect) ([]byte, []Undeliverable, error) {
	f, ok := d.format()
	if !ok {
		return nil, nil, fault.New(fault.InvalidParams, "unknown dialect %q of env file", d).
			Hint("known dialects: %s", joinDialects())
	}
	var out bytes.Buffer
	out.WriteString(f.header)
	var left []Undeliverable
	for _, v := range e.Vars {
		reason := undeliverable(v)
		if reason == "" {
			reason = f.encode(&out, v.Name, v.Value)
		}
		if reason != "" {
			left = append(left, Undeliverable{Name: v.Name, Reason: reason})
		}
	}
	if f.finish != nil {
		f.finish(&out)
	}
	return out.Bytes(), left, nil
}

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

// checkedForm writes a variable as one statement, in the first of several
// spellings that a model of the reader takes for exactly this variable.
type checkedForm struct {
	// reader is who reads it, for reasons.
	reader string
	// name says why the reader cannot have a variable of this name, or "".
	name func(name string) string
	// bytes says that values need not be UTF-8.
	bytes bool
	// refuse says why the value is lost whatever the spelling, or "". May be nil.
	refuse func(value string) string
	// spellings are ways to write the value, the most readable first.
	spellings func(value string) []string
	// statement is a whole line; nil for NAME=text.
	statement func(name, text string) string
	// lines says that a reader that goes line by line may meet the file, so
	// that no line of a value may look like a variable.
	lines bool
	// read is the model of the reader. It gives the variables that the file
	// defines, and false where readers may differ.
	read func(file string) ([]assignment, bool)
}

func (f *checkedForm) encode(out *bytes.Buffer, name, value string) (reason string) {
	if reason := f.name(name); reason != "" {
		return reason
	}
	if !f.bytes && !utf8.ValidString(value) {
		return "its value is not UTF-8, which " + f.reader + " requires"
	}
	if f.refuse != nil {
		if reason := f.refuse(value); reason != "" {
			return reason
		}
	}
	for _, text := range f.spellings(value) {
		if f.lines && !contained(text) {
			continue
		}
		statement := name + "=" + text + "\n"
		if f.statement != nil {
			statement = f.statement(name, text)
		}
		got, ok := f.read(statement)
		if ok && len(got) == 1 && got[0] == (assignment{name, value}) {
			out.WriteString(statement)
			return ""
		}
	}
	return f.why(value)
}

// why names what of a value most likely stands in the way.
func (f *checkedForm) why(value string) string {
	switch {
	case strings.ContainsAny(value, "\n\r"):
		return "its value has a line break that " + f.reader + " cannot read back exactly"
	case strings.ContainsFunc(value, isControl):
		return "its value has a control character that " + f.reader + " cannot read back exactly"
	case strings.Contains(value, "${"):
		return "its value has ${…}, which " + f.reader + " would replace"
	}
	return f.reader + " reads its mix of quotes, dollars and backslashes as another value"
}
