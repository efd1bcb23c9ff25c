package debug

import (
	"io"
	"slices"
	"time"

	"github.com/tandem-dev/tandem/internal/fault"
)

// Protocol is what a debugger speaks to its client. The names are part of the
// protocol of tandem.
type Protocol string

// The protocols.
const (
	DAP       Protocol = "dap"       // Debug Adapter Protocol: Go, Python
	Delve     Protocol = "delve"     // Delve's JSON-RPC API, version 2: GoLand's Go Remote
	Inspector Protocol = "inspector" // Chrome DevTools Protocol: Node
	JDWP      Protocol = "jdwp"      // Java Debug Wire Protocol
)

// Protocols are those that a language's debugger can be asked for, its own first.
func Protocols(l Language) []Protocol {
	switch l {
	case Go:
		return []Protocol{DAP, Delve}
	case Node:
		return []Protocol{Inspector}
	case Java:
		return []Protocol{JDWP}
	}
	return []Protocol{DAP}
}

// Modes are the names of what a language's program can be debugged with: "launch",
// "test" and "attach".
func Modes(l Language) []string {
	switch l {
	case Go, Python:
		return []string{"launch", "test", "attach"}
	case Node, Java:
		return []string{"launch", "test"}
	}
	return []string{"launch"}
}

// Request says how a debugger gets to its program.
type Request string

// The requests.
const (
	Launch Request = "launch" // the debugger starts the program
	Attach Request = "attach" // the program runs already
)

// Spec says what to start.
type Spec struct {
	// Self is the argv that starts this program's adapter (see package
	// debug/adapter).
	Self []string
	// Name is what a person sees in the list of configurations.
	Name   string
	Target Target
	// Request is Launch where it is "".
	Request Request
	// PID is the process to attach to.
	PID int
	// Protocol is the language's own where it is "". Go has a choice.
	Protocol Protocol
	// Command is for Generic: it starts a debugger that listens, and {port} in an
	// argument stands for the port that was picked for it.
	Command []string
	// StopOnEntry lets the program wait for the client, and stop, before it does
	// anything.
	StopOnEntry bool
	// SubstitutePath maps the client's folders to the debugger's: Delve's option
	// of that name.
	SubstitutePath []PathRule
	// Env is the whole environment of the debugger and of its program.
	Env []string
	// Inherited are the user's own values of variables that Env has changed.
	Inherited map[string]string
	// Stdout and Stderr get what the program and the debugger write.
	Stdout, Stderr io.Writer
	// Patience bounds the wait for the debugger to listen; 0 is [DefaultPatience].
	Patience time.Duration
}

// DefaultPatience is enough for a build tool that has to compile first.
const DefaultPatience = 5 * time.Minute

// PathRule maps one folder.
type PathRule struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// Check reports what [Start] would refuse, without starting anything, and fills in
// what was left open.
func (s *Spec) Check() error {
	t := &s.Target
	if s.Request == "" {
		s.Request = Launch
	}
	spoken := Protocols(t.Language)
	switch {
	case s.Protocol == "":
		s.Protocol = spoken[0]
	case t.Language != Generic && !slices.Contains(spoken, s.Protocol): // Generic's is the command's affair
		return fault.New(fault.DebugUnsupported, "a debugger for %s does not speak %q", title(t.Language), s.Protocol).
			Hint("it speaks %v", spoken)
	}
	if s.Request == Attach {
		return s.checkAttach()
	}
	switch t.Language {
	case Generic:
		if len(s.Command) == 0 {
			return fault.New(fault.DebugUnsupported, "nothing tells what language %s is written in", commandOr(t.Argv, t.Cwd)).
				Hint("say `language`, or give a `command` that starts a debugger on {port}")
		}
	case Go:
		if t.Program == "" && s.Protocol == Delve {
			return nothingToDebug(t, "the folder of a main package")
		}
	case Python:
		if t.Program == "" && t.Module == "" {
			return nothingToDebug(t, "a script")
		}
	case Node, Java:
		if len(t.Argv) == 0 {
			return nothingToDebug(t, "a script or a jar")
		}
	}
	return nil
}

func (s *Spec) checkAttach() error {
	switch s.Target.Language {
	case Go, Python:
		if s.PID <= 0 {
			return fault.New(fault.InvalidParams, "attaching needs a process").Hint("give its `pid`; without one the session's command is taken, which does not run")
		}
		return nil
	}
	return fault.New(fault.DebugUnsupported, "a debugger for %s cannot attach to a process that was not started for it", title(s.Target.Language)).
		Hint("use the mode \"launch\", which starts the program with its debugger")
}

func nothingToDebug(t *Target, what string) error {
	return fault.New(fault.DebugUnsupported, "nothing tells which %s program to debug in %s", title(t.Language), t.Cwd).
		Hint("set `command` in the manifest's dev entry, or give `program`: %s", what)
}

func commandOr(argv []string, dir string) string {
	if len(argv) > 0 {
		return argv[0]
	}
	return dir
}

// title is a language for people.
func title(l Language) string {
	switch l {
	case Go:
		return "Go"
	case Node:
		return "Node"
	case Python:
		return "Python"
	case Java:
		return "Java"
	}
	return "a program of another language"
}
