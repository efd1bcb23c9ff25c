// Package adapter is what a debugger's process does: a child of tandem, one for
// each debug session, with the session's environment and folder as its own.
//
// Delve is a library here, and it changes the environment of its process, prints
// to its output and may exit: that is why it has a process to itself. Node, Python
// and Java are debugged by their own runtimes; their command has such a parent as
// well, so that every debugger ends in the same way.
//
// # How it ends
//
// [Main] ends when its job is done, when its standard input ends, which its
// parent's death brings about as well, or when its context does. Before it returns
// the program under the debugger is gone: Delve kills what it launched and leaves
// what it was attached to, and whoever else is in the process's session is ended.
//
// # Goroutines
//
// One reads the standard input and ends with it, or with the process. Delve's own
// are listed in its package service/dap; they end with its server's Stop. A command
// of [debug.JobRun] has one that waits for it.
package adapter
