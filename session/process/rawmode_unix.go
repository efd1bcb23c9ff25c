//go:build darwin || linux

package process

import (
	"os"
	"sync"

	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

// rawMode is a terminal that we made raw, with what it was before.
type rawMode struct {
	fd    int
	state *term.State // nil: it could not be made raw, or was given back
}

// rawTerminals holds the ones that are raw now, for RestoreTerminals.
var rawTerminals = struct {
	sync.Mutex
	m map[*rawMode]struct{}
}{m: map[*rawMode]struct{}{}}

// enterRaw makes the terminal raw: every key goes to the command's own
// terminal, which echoes it, edits the line and makes signals of Ctrl-C.
func enterRaw(f *os.File) *rawMode {
	r := &rawMode{fd: int(f.Fd())}
	rawTerminals.Lock()
	defer rawTerminals.Unlock()
	if state, err := term.MakeRaw(r.fd); err == nil {
		r.state = state
		rawTerminals.m[r] = struct{}{}
	}
	return r
}

// again makes it raw once more after we were stopped and continued; in the
// background the terminal is not ours to touch (SIGTTOU would stop us).
func (r *rawMode) again() {
	rawTerminals.Lock()
	defer rawTerminals.Unlock()
	foreground, err := unix.IoctlGetInt(r.fd, unix.TIOCGPGRP)
	if r.state == nil || err != nil || foreground != unix.Getpgrp() {
		return
	}
	_, _ = term.MakeRaw(r.fd)
}

// restore gives the terminal back as it was; what was typed ahead stays in it.
func (r *rawMode) restore() {
	rawTerminals.Lock()
	defer rawTerminals.Unlock()
	r.giveBack()
}

func (r *rawMode) giveBack() {
	if r.state != nil {
		_ = term.Restore(r.fd, r.state)
		r.state = nil
		delete(rawTerminals.m, r)
	}
}

// RestoreTerminals gives back every terminal that a running command has made
// raw. A program defers it in main, and calls it before os.Exit, for the paths
// that do not wait for Done: a panic, or a fatal error. It does nothing
// otherwise. A panic in a goroutine that does not defer it cannot be helped.
func RestoreTerminals() {
	rawTerminals.Lock()
	defer rawTerminals.Unlock()
	for r := range rawTerminals.m {
		r.giveBack()
	}
}
