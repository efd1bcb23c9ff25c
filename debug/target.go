package debug

// Language is what a program is written in, as far as it decides how the
// program is debugged. The names are part of the protocol.
type Language string

// The languages that have a debugger here. Generic is every other program: its
// debugger is a command that the user gives.
const (
	Go      Language = "go"
	Node    Language = "node"
	Python  Language = "python"
	Java    Language = "java"
	Generic Language = ""
)

// Languages lists the languages that have a debugger here.
func Languages() []Language { return []Language{Go, Node, Python, Java} }

// Mode is how a target of [Go] is made, in Delve's words; other languages know
// Debug and Test.
type Mode string

// The modes.
const (
	Debug Mode = "debug" // built from Program, a package or a file; the mode of every language but Go
	Exec  Mode = "exec"  // Program is a binary
	Test  Mode = "test"  // the tests of Program
)

// Tool is what stands between a command and the program that it starts. What a
// tool starts is debugged, never the tool.
type Tool string

// The tools that are known by name; "" is none, or one that nothing needs to be
// known of.
const (
	NPM    Tool = "npm" // also pnpm, yarn and npx
	Maven  Tool = "maven"
	Gradle Tool = "gradle"
)

// Target is what would be debugged. Paths are absolute.
type Target struct {
	Language Language
	Mode     Mode
	// Program is the program: for Go the folder of the package, a .go file, an
	// import path or (Exec) a binary; for Node and Python a script; for Java a
	// jar. "" where it is a Module, or where nothing tells.
	Program string
	// Module is what Python's -m names, or Java's main class.
	Module string
	// Args are the program's own.
	Args []string
	// Flags are the runtime's: Go's build flags, or what stands between node,
	// python or java and the program.
	Flags []string
	// Runtime starts the program: ["node"], ["uv", "run", "python"]. Empty for
	// Go, and where a tool does it.
	Runtime []string
	// Tool starts the program in the runtime's place.
	Tool Tool
	// Script is the one of package.json that NPM runs.
	Script string
	// Cwd is where the command runs.
	Cwd string
	// Env are the assignments in front of the command, NAME=value, as they stand
	// in the manifest.
	Env []string
	// Argv is the command as it runs without a debugger, without Env; empty where
	// there is none.
	Argv []string
}
