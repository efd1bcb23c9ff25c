package main

import (
	"encoding/json"

	"github.com/tandem-dev/tandem/debug"
)

// launchOnly are the arguments of a launch request that debugpy refuses, or
// misunderstands, in an attach request.
var launchOnly = []string{"program", "module", "code", "args", "cwd", "env", "envFile", "console", "python", "pythonPath",
	"pythonArgs", "connect", "listen", "host", "port", "processId", "stopOnEntry"}

// attachArguments are those of a launch request that an attach request has as
// well.
func attachArguments(r *debug.ClientRequest) map[string]json.RawMessage {
	kept := map[string]json.RawMessage{}
	for name, value := range r.Arguments {
		kept[name] = value
	}
	for _, name := range launchOnly {
		delete(kept, name)
	}
	return kept
}
