package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/google/go-dap"

	"github.com/tandem-dev/tandem/e2e/harness"
	"github.com/tandem-dev/tandem/rpc/protocol"
)

// delveVersion is the one that go.mod has.
const delveVersion = "v1.27.2"

// debugging is the time until the shop's api stands at its entry, with Tandem's
// debugger from sending debug/start, and with plain `dlv dap` from starting that.
// Answered is the part of Tandem's that debug/start took.
type debugging struct{ Tandem, Answered, Delve time.Duration }

// budgetDebug is what Tandem may take for what dlv takes so long for.
func budgetDebug(delve float64) float64 { return delve*1.1 + 0.1 }

// debuggers measures both in turns, on one program with one build cache. Either is
// the first in every other round, so that what one leaves to the system to write or
// to forget does not always fall to the other.
func (s *stage) debuggers(c *harness.Client, session string, rounds int) []debugging {
	s.t.Helper()
	dlv := s.installDelve()
	program := filepath.Join(s.ws.Dir, "api")
	arguments := map[string]any{"request": "launch", "mode": "debug", "program": program, "cwd": s.ws.Dir, "dlvCwd": program,
		"stopOnEntry": true, "outputMode": "remote", "output": filepath.Join(s.t.TempDir(), "program")}
	s.delve(dlv, arguments) // fills the build cache for both
	s.debug(c, session, program)
	all := make([]debugging, rounds)
	for i := range all {
		d := &all[i]
		if i%2 == 0 {
			d.Delve = s.delve(dlv, arguments)
		}
		d.Tandem, d.Answered = s.debug(c, session, program)
		if i%2 == 1 {
			d.Delve = s.delve(dlv, arguments)
		}
	}
	return all
}

// debug is one debug session of Tandem's.
func (s *stage) debug(c *harness.Client, session, program string) (entry, answered time.Duration) {
	s.t.Helper()
	language := protocol.DebugGo
	from := time.Now()
	var d protocol.DebugStartResult
	c.MustCall(protocol.MethodDebugStart, protocol.DebugStartParams{ID: session,
		DebugOptions: protocol.DebugOptions{Language: &language, Program: program, StopOnEntry: true}}, &d)
	answered = time.Since(from)
	var configuration map[string]any
	if err := json.Unmarshal(d.Configuration, &configuration); err != nil {
		s.t.Fatal(err)
	}
	entry, err := untilEntry(net.JoinHostPort(d.Host, strconv.Itoa(d.Port)), configuration, from)
	if err != nil {
		s.t.Fatalf("tandem's debugger: %v", err)
	}
	// It has ended when its client has gone; the next round must not share the
	// cores with that.
	harness.Eventually(s.t, "the debugger's end", func(context.Context) error {
		var now protocol.Snapshot
		c.MustCall(protocol.MethodSessionGet, protocol.SessionGetParams{ID: session}, &now)
		if len(now.Debug) > 0 {
			return fmt.Errorf("%+v", now.Debug)
		}
		return nil
	})
	return entry, answered
}

// delve is one debug session of `dlv dap`.
func (s *stage) delve(dlv string, arguments map[string]any) time.Duration {
	s.t.Helper()
	cmd := exec.Command(dlv, "dap", "--listen", "127.0.0.1:0")
	cmd.Dir = s.ws.Dir
	out, err := cmd.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	from := time.Now()
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	line, err := lines.ReadString('\n')
	_, address, found := strings.Cut(strings.TrimSpace(line), "listening at: ")
	if err != nil || !found {
		s.t.Fatalf("dlv dap says %q: %v", line, err)
	}
	took, err := untilEntry(address, arguments, from)
	if err != nil {
		s.t.Fatalf("dlv dap: %v", err)
	}
	_, _ = io.Copy(io.Discard, lines)
	_ = cmd.Wait() // ends with its client
	return took
}

// untilEntry launches as an editor does, returns how long after from the program
// stood at its entry, and disconnects.
func untilEntry(address string, arguments map[string]any, from time.Time) (time.Duration, error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	in, seq := bufio.NewReader(conn), 0
	send := func(command string, arguments any) error {
		seq++
		b, err := json.Marshal(map[string]any{"seq": seq, "type": "request", "command": command, "arguments": arguments})
		if err != nil {
			return err
		}
		return dap.WriteBaseMessage(conn, b)
	}
	if err := send("initialize", map[string]any{"adapterID": "go", "pathFormat": "path", "linesStartAt1": true, "columnsStartAt1": true}); err != nil {
		return 0, err
	}
	took := time.Duration(0)
	for {
		m, err := dap.ReadProtocolMessage(in)
		if err != nil {
			if took > 0 { // after the disconnect
				return took, nil
			}
			return 0, err
		}
		switch m := m.(type) {
		case *dap.InitializeResponse:
			err = send("launch", arguments)
		case *dap.InitializedEvent:
			err = send("configurationDone", map[string]any{})
		case *dap.StoppedEvent:
			took = time.Since(from)
			err = send("disconnect", map[string]any{"terminateDebuggee": true})
		case *dap.ErrorResponse:
			err = fmt.Errorf("%s: %s", m.Command, m.Message)
		}
		if err != nil {
			return 0, err
		}
	}
}

// installDelve builds the debugger as its authors publish it.
func (s *stage) installDelve() string {
	s.t.Helper()
	dir := s.t.TempDir()
	cmd := exec.Command("go", "install", "github.com/go-delve/delve/cmd/dlv@"+delveVersion)
	cmd.Env = append(os.Environ(), "GOBIN="+dir, "GOFLAGS=")
	if text, err := cmd.CombinedOutput(); err != nil {
		s.t.Fatalf("%s: %v\n%s", cmd, err, text)
	}
	return filepath.Join(dir, "dlv")
}

// debugLimit is the greatest time that Tandem may take, beside the one that it takes.
func (r *report) debugLimit() (limit, taken float64) {
	delve := secondsOf(r.Debug, func(d debugging) time.Duration { return d.Delve })
	tandem := secondsOf(r.Debug, func(d debugging) time.Duration { return d.Tandem })
	return budgetDebug(delve.Median), tandem.Median
}

func (r *report) debugTable() *table {
	t := &table{head: []string{"", "seconds", "budget", ""}}
	row := func(name string, of func(debugging) time.Duration, format, budget, verdict string) {
		t.row(name, secondsOf(r.Debug, of).with(format), budget, verdict)
	}
	limit, taken := r.debugLimit()
	row("`debug/start` to the shop's api at its entry", func(d debugging) time.Duration { return d.Tandem },
		"%.2f", fmt.Sprintf("%.2f", limit), verdict(taken <= limit))
	row("· until `debug/start` has answered", func(d debugging) time.Duration { return d.Answered }, "%.3f", "", "")
	row("the same with plain `dlv dap`, from its start", func(d debugging) time.Duration { return d.Delve }, "%.2f", "", "")
	return t
}
