package debug

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"

	"github.com/tandem-dev/tandem/internal/fault"
)

// Job is what a debugger's process is told on its standard input, as one line of
// JSON: package debug/adapter does it. The input stays open for as long as the
// debugger may live, and its end is the order to end, which a parent that was
// killed gives as well.
//
// The environment is not in it: it is that of the process.
type Job struct {
	// Kind is what to do.
	Kind JobKind `json:"kind"`
	// Secret is what a DAP client's launch or attach request must have as
	// [SecretArgument]; "" asks for none.
	Secret string `json:"secret,omitempty"`
	// Defaults are the arguments of a DAP launch request that has them not.
	Defaults map[string]any `json:"defaults,omitempty"`
	// Inherited are the user's own values of variables that the session sets. A
	// client whose launch request repeats one has passed its own environment
	// along and means nothing by it.
	Inherited map[string]string `json:"inherited,omitempty"`
	// Target and PID are for [JobHeadless]: what to launch, or, where PID is not
	// 0, what to attach to.
	Target Target `json:"target,omitzero"`
	PID    int    `json:"pid,omitempty"`
	// Argv and Dir are for [JobRun].
	Argv []string `json:"argv,omitempty"`
	Dir  string   `json:"dir,omitempty"`
	// Scratch is a folder for what is built; it is removed at the end. "" is none.
	Scratch string `json:"scratch,omitempty"`
}

// JobKind is what a debugger's process does.
type JobKind string

// The kinds of jobs.
const (
	JobDAP      JobKind = "dap"      // Delve for one DAP client, which says what to launch
	JobHeadless JobKind = "headless" // Delve's JSON-RPC API, version 2, for one client
	JobRun      JobKind = "run"      // a command whose runtime is its own debugger
)

// Hello is the first line that a debugger's process writes on its standard
// output; what follows is the program's.
type Hello struct {
	// Port on 127.0.0.1 that it listens on; 0 for [JobRun], whose command was
	// started.
	Port int `json:"port,omitempty"`
	// Failure says why it did not come to that.
	Failure *Failure `json:"failure,omitempty"`
}

// Failure is a [fault.Error] on its way between processes.
type Failure struct {
	Kind    fault.Kind `json:"kind"`
	Message string     `json:"message"`
	Hint    string     `json:"hint,omitempty"`
}

// FailureOf makes a Failure of an error.
func FailureOf(err error) *Failure {
	return &Failure{Kind: fault.KindOf(err), Message: err.Error(), Hint: fault.HintOf(err)}
}

func (f *Failure) err() error { return fault.New(f.Kind, "%s", f.Message).Hint("%s", f.Hint) }

// maxLine bounds a line between the two processes.
const maxLine = 1 << 20

// ReadLine reads one value as a line of JSON.
func ReadLine(r *bufio.Reader, into any) error {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		if len(line)+len(part) > maxLine {
			return errors.New("the line is too long")
		}
		line = append(line, part...)
		if err == nil {
			return json.Unmarshal(line, into)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
	}
}

// WriteLine writes one value as a line of JSON.
func WriteLine(w io.Writer, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = w.Write(append(b, '\n'))
	return err
}
