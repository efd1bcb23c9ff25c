//go:build unix

package main

import (
	"io"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/creack/pty"
	"github.com/google/go-cmp/cmp"

	"github.com/tandem-dev/tandem/debug/runconfig"
	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/session"
)

// life is a session that starts and is ready, loses its link, comes back and
// ends, as `tandem up` reports it.
func life(r *reporter) {
	for i := range started {
		r.SessionChanged(at(started[i], started[:i]...))
		r.progress("waiting for what comes ready in 3 seconds")
	}
	r.SessionChanged(at(session.Ready, started...))
	lost := at(session.Reconnecting, append(started, session.Ready)...)
	lost.Cause = &session.Cause{Kind: fault.LinkFailed, Message: "the agent does not answer"}
	r.SessionChanged(lost)
	r.SessionChanged(at(session.Ready, append(started, session.Ready, session.Reconnecting)...))
	r.SessionChanged(at(session.Stopped, append(started, session.Ready, session.Reconnecting, session.Ready, session.Stopping)...))
}

// The patterns of the task that runs `tandem up` in VS Code find its beginning
// and its readiness in what is printed, once each and in this order.
func TestTaskMatchesWhatUpPrints(t *testing.T) {
	for name, lines := range map[string][]string{
		"into a pipe":   reported(t, life),
		"on a terminal": shown(t, life),
	} {
		t.Run(name, func(t *testing.T) {
			begins, ends := regexp.MustCompile(runconfig.BeginsPattern), regexp.MustCompile(runconfig.EndsPattern)
			var got []string
			for _, l := range lines {
				if begins.MatchString(l) {
					got = append(got, "begins")
				}
				if ends.MatchString(l) {
					got = append(got, "ends")
				}
			}
			if diff := cmp.Diff([]string{"begins", "ends"}, got); diff != "" {
				t.Errorf("-want +got:\n%s\n%s", diff, strings.Join(lines, "\n"))
			}
		})
	}
}

var escape = regexp.MustCompile(`\x1b\[[0-9;]*[A-Za-z]`)

// shown are the lines that a terminal shows in the end, without colours: what
// VS Code gives to a problem matcher.
func shown(t *testing.T, happens func(*reporter)) []string {
	t.Helper()
	ours, theirs, err := pty.Open()
	if err != nil {
		t.Skipf("no pseudo-terminal to be had: %v", err)
	}
	t.Setenv("NO_COLOR", "")
	t.Setenv("TERM", "xterm-256color")
	text := make(chan string)
	go func() { // ends when theirs is closed
		b, _ := io.ReadAll(ours) // ends with EIO on Linux
		text <- string(b)
	}()
	happens(newReporter(theirs))
	theirs.Close()
	all := <-text
	ours.Close()
	if !strings.Contains(all, "\x1b[1mready") {
		t.Fatalf("no colours: %q", all)
	}
	lines := strings.Split(strings.TrimSuffix(all, "\r\n"), "\r\n")
	for i, l := range lines {
		lines[i] = escape.ReplaceAllString(l[strings.LastIndex(l, "\r\x1b[K")+1:], "")
	}
	return lines
}

// What is wrong with a manifest becomes a problem at its place.
func TestTaskMatchesFindings(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(dir+"/okteto.yml", []byte("dev:\n  api:\n    mode: hybrid\n    comand: x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := runconfig.Services(dir, dir+"/okteto.yml", "api", runconfig.Options{})
	file, createErr := os.Create(dir + "/stderr")
	if createErr != nil {
		t.Fatal(createErr)
	}
	explain(file, paint{}, err)
	file.Close()
	text, _ := os.ReadFile(dir + "/stderr")
	var found []string
	for _, l := range strings.Split(string(text), "\n") {
		if m := regexp.MustCompile(runconfig.ProblemPattern).FindStringSubmatch(l); m != nil {
			found = append(found, strings.Join(m[1:4], " "))
		}
	}
	if diff := cmp.Diff([]string{"okteto.yml 4 5"}, found); diff != "" {
		t.Errorf("-want +got:\n%s\n%s", diff, text)
	}
}
