package protocol

import "encoding/json"

// DebugLanguage is what a program is written in, as far as it decides how it is
// debugged.
type DebugLanguage string

// The languages.
const (
	DebugGo     DebugLanguage = "go"
	DebugNode   DebugLanguage = "node"
	DebugPython DebugLanguage = "python"
	DebugJava   DebugLanguage = "java"
	// DebugOther is any other: its debugger is a command that the client gives.
	DebugOther DebugLanguage = ""
)

// DebugMode says what is debugged.
type DebugMode string

// The modes.
const (
	// DebugLaunch starts the program under a debugger in the place of the
	// session's command, which comes back once the debugger has ended.
	DebugLaunch DebugMode = "launch"
	// DebugTest starts its tests under a debugger, beside whatever runs.
	DebugTest DebugMode = "test"
	// DebugAttach takes the program that runs: Go and Python.
	DebugAttach DebugMode = "attach"
)

// DebugProtocol is what a debugger speaks to its client.
type DebugProtocol string

// The protocols.
const (
	// DebugDAP is the Debug Adapter Protocol: Go and Python.
	DebugDAP DebugProtocol = "dap"
	// DebugDelve is Delve's JSON-RPC API of version 2, which GoLand's Go Remote speaks.
	DebugDelve DebugProtocol = "delve"
	// DebugInspector is the Chrome DevTools Protocol: Node.
	DebugInspector DebugProtocol = "inspector"
	// DebugJDWP is the Java Debug Wire Protocol.
	DebugJDWP DebugProtocol = "jdwp"
)

// DebugOptions say what to debug and how. With none of them the program of the
// manifest's command is launched.
type DebugOptions struct {
	// Language; absent is the one that the command and the folder tell.
	Language *DebugLanguage `json:"language,omitempty"`
	// Mode; absent is [DebugLaunch].
	Mode DebugMode `json:"mode,omitempty"`
	// Protocol; absent is the language's own. Go has a choice.
	Protocol DebugProtocol `json:"protocol,omitempty"`
	// Program replaces the command's: a package, folder or binary for Go, a script
	// for Node and Python (or a module), a jar or a class for Java; with
	// [DebugTest] what is tested.
	Program string `json:"program,omitempty"`
	// Args replace the program's arguments.
	Args []string `json:"args,omitempty"`
	// Cwd is the folder to run in; absent is the dev's workdir.
	Cwd string `json:"cwd,omitempty"`
	// BuildFlags are Go's, or the runtime's own flags.
	BuildFlags []string `json:"buildFlags,omitempty"`
	// PID is the process to attach to; absent is the session's command.
	PID int `json:"pid,omitempty"`
	// Command starts a debugger for another language; {port} in it stands for a
	// free port on which it must listen.
	Command []string `json:"command,omitempty"`
	// StopOnEntry lets the program wait for the client before it does anything.
	StopOnEntry bool `json:"stopOnEntry,omitempty"`
	// SubstitutePath maps the client's folders to the debugger's.
	SubstitutePath []DebugPathRule `json:"substitutePath,omitempty"`
}

// DebugPathRule maps one folder.
type DebugPathRule struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// DebugStartParams ask for a debugger of a ready session (debug/start). Its
// program has the session's environment, the values of Secrets included; none of it
// travels through the client.
type DebugStartParams struct {
	WorkDoneProgressParams
	// ID is the session's.
	ID string `json:"id"`
	DebugOptions
}

// DebugStartResult answers debug/start: the debugger listens. It takes one client.
type DebugStartResult struct {
	// Debug is the debugger's id, for debug/stop.
	Debug    string        `json:"debug"`
	Language DebugLanguage `json:"language"`
	Mode     DebugMode     `json:"mode"`
	Protocol DebugProtocol `json:"protocol"`
	// Host is 127.0.0.1.
	Host string `json:"host"`
	Port int    `json:"port"`
	// Configuration is a VS Code launch configuration which gets a client in as it
	// stands. A DAP client passes its members on as the arguments of its launch or
	// attach request: "tandemSecret" among them proves that the client may.
	Configuration json.RawMessage `json:"configuration"`
}

// DebugStopParams end a debugger with what it launched (debug/stop). The answer is
// the session's [Snapshot] after that.
type DebugStopParams struct {
	// ID is the session's, Debug the debugger's.
	ID    string `json:"id"`
	Debug string `json:"debug"`
}

// DebugConfigurationsParams ask what there is to debug (debug/configurations).
type DebugConfigurationsParams struct {
	// ID is the session's.
	ID string `json:"id"`
}

// DebugConfigurationsResult answers debug/configurations.
type DebugConfigurationsResult struct {
	// Target is what debug/start would launch.
	Target DebugTarget `json:"target"`
	// Running are the debuggers that run, as debug/start has answered them.
	Running []DebugStartResult `json:"running"`
}

// DebugTarget is a program as it was found from the dev's command and folder.
type DebugTarget struct {
	Language DebugLanguage `json:"language"`
	// Program is absolute, or an import path of Go; "" where it is a module, or
	// where nothing tells.
	Program string `json:"program"`
	// Module is Python's, or Java's main class.
	Module string `json:"module,omitempty"`
	// Args are the program's.
	Args []string `json:"args"`
	Cwd  string   `json:"cwd"`
	// Modes are those that debug/start has for the language.
	Modes []DebugMode `json:"modes"`
	// Protocols are those that it can be asked for, the language's own first.
	Protocols []DebugProtocol `json:"protocols"`
}

// DebugSession is a debugger in a [Snapshot].
type DebugSession struct {
	ID       string        `json:"id"`
	Language DebugLanguage `json:"language"`
	Mode     DebugMode     `json:"mode"`
	Protocol DebugProtocol `json:"protocol"`
	// Address is where its client connects to, host:port.
	Address string `json:"address"`
	// PID is the debugger's process.
	PID int `json:"pid"`
}
