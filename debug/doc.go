// Package debug knows how the programs of each language are debugged on this
// machine: what is to be debugged, what has to be started for that, and how a
// client gets to it.
//
// # What
//
// [Detect] reads a command, as a manifest or a person gives it, and the files of
// its working directory, and says what would be debugged: a [Target]. It starts
// nothing and knows no environment. [Target.Choose] puts a person's wishes over it.
//
// # How
//
// A [Spec] says what to start and with which environment; [Start] makes a recipe of
// it (one file for each language, Go and the others in recipe.go), starts a process of
// our own binary, and returns once a client may come. That process is the room
// debug/adapter; it is told a [Job] on its input, as one line, and answers with a
// [Hello]. The environment is that process's own and stands in no argument and no
// message.
//
//	Go      Delve inside the process itself, for one DAP client or for GoLand
//	Node    the inspector: a flag of node's, or a script that NODE_OPTIONS loads
//	Python  debugpy around the program
//	Java    the JDWP agent, by JAVA_TOOL_OPTIONS or a build tool's own option
//	others  a command of the user's that listens on {port}
//
// # A client's request and our environment
//
// A DAP client's launch request may be as short as it likes: the job's defaults
// complete it. Its env is laid over the process's environment, as Delve has it, but
// for entries that repeat what the user's shell has and the session has changed: an
// editor passes those along without meaning them. [Requests] is where a launch
// request is seen on its way, and refused where it lacks the debug session's secret.
package debug
