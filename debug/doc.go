// Package debug knows how the programs of each language are debugged on this
// machine: what is to be debugged, what has to be started for that, and how a
// client gets to it.
//
// # What
//
// [Detect] reads a command, as a manifest or a person gives it, and the files of
// its working directory, and says what would be debugged: a [Target]. It starts
// nothing and knows no environment.
package debug
