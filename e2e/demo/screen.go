package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"golang.org/x/term"
)

// screen prints the story. Two goroutines write: the story's, and the editor's
// reader, which reports changes as they arrive.
type screen struct {
	mu      sync.Mutex
	w       io.Writer
	colour  bool
	chapter int
}

// newScreen paints only on a terminal, and not where NO_COLOR is set
// (no-color.org).
func newScreen(f *os.File) *screen {
	return &screen{w: f, colour: term.IsTerminal(int(f.Fd())) && os.Getenv("NO_COLOR") == ""}
}

// The SGR codes in use.
const (
	bold   = "1"
	dim    = "2"
	red    = "1;31"
	green  = "32"
	yellow = "33"
	cyan   = "36"
)

func (s *screen) paint(code, text string) string {
	if !s.colour || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (s *screen) print(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fmt.Fprintf(s.w, format+"\n", args...)
}

// title opens the story.
func (s *screen) title(title, subtitle string) {
	s.print("%s  %s", s.paint(bold, title), s.paint(dim, subtitle))
}

// head opens a chapter.
func (s *screen) head(format string, args ...any) {
	s.chapter++
	s.print("\n%s %s", s.paint(cyan, fmt.Sprint(s.chapter)), s.paint(bold, fmt.Sprintf(format, args...)))
}

// say is a line of the chapter.
func (s *screen) say(format string, args ...any) { s.print("  "+format, args...) }

// fact is a line with a name at its left.
func (s *screen) fact(name, format string, args ...any) {
	s.print("  %s %s", pad(name, 12), fmt.Sprintf(format, args...))
}

// proof is a fact that was checked.
func (s *screen) proof(format string, args ...any) {
	s.print("  %s %s", s.paint(green, "✓"), fmt.Sprintf(format, args...))
}

// moment is something that happened at a time after the start of something.
func (s *screen) moment(at time.Duration, what, meaning string) {
	code := bold
	if what == "ready" || what == "stopped" {
		code = green
	}
	s.print("  %s  %s %s", s.paint(dim, fmt.Sprintf("%6.2f s", at.Seconds())), s.paint(code, pad(what, 11)), meaning)
}

func (s *screen) failed(err error) {
	s.print("\n%s %s", s.paint(red, "✗"), err)
}

// log shows the end of what the server wrote.
func (s *screen) log(text string) {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	s.print("\n%s", s.paint(dim, "The end of the server's log:"))
	for _, line := range lines[max(0, len(lines)-12):] {
		s.print("  %s", s.paint(dim, line))
	}
}

// verdict is the last line.
func (s *screen) verdict(summary string, err error, took time.Duration) {
	if err != nil {
		s.print("\n%s %s", s.paint(red, "FAILED"), s.paint(dim, "after "+seconds(took)))
		return
	}
	s.print("\n%s %s %s", s.paint("1;"+green, "PASSED"), summary, s.paint(dim, "("+seconds(took)+" in all)"))
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }

// pad is text filled up with blanks to a width in runes.
func pad(text string, width int) string {
	return text + strings.Repeat(" ", max(0, width-utf8.RuneCountInString(text)))
}

// shorten cuts text to a width in runes.
func shorten(text string, width int) string {
	if utf8.RuneCountInString(text) <= width {
		return text
	}
	return string([]rune(text)[:width-1]) + "…"
}
