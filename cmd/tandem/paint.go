package main

import (
	"os"

	"golang.org/x/term"
)

// paint colours words on a terminal and leaves them alone elsewhere. NO_COLOR
// is honoured (https://no-color.org), TERM=dumb too.
type paint struct{ on bool }

func newPaint(w *os.File) paint {
	return paint{on: term.IsTerminal(int(w.Fd())) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"}
}

func (p paint) wrap(code, s string) string {
	if !p.on {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func (p paint) good(s string) string { return p.wrap("32", s) }
func (p paint) bad(s string) string  { return p.wrap("31", s) }
func (p paint) warn(s string) string { return p.wrap("33", s) }
func (p paint) dim(s string) string  { return p.wrap("2", s) }
func (p paint) bold(s string) string { return p.wrap("1", s) }
