//go:build !linux

package debug

// ProgramUnder is the program that a command has started, as far as this system
// tells: the command's own process.
func ProgramUnder(pid int) int { return pid }
