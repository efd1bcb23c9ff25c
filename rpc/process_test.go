package rpc

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/tandem-dev/tandem/session"
)

// serveChild makes the test binary a server on its standard streams.
const serveChild = "TANDEM_TEST_SERVE"

func serveStdio() int {
	out, err := ClaimStdout()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 3
	}
	f := &fake{stop: func(context.Context, string) (session.Snapshot, error) {
		fmt.Println("Content-Length: rubbish") // as a library might, in the midst of a call
		return session.Snapshot{ID: "shop/api"}, nil
	}}
	code, err := NewServer(Config{Sessions: f.open, Log: os.Stderr}).Serve(context.Background(), os.Stdin, out)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	return code
}

// TestRealProcess speaks with a server process as an editor does.
func TestRealProcess(t *testing.T) {
	for name, tc := range map[string]struct {
		leave func(p *peer)
		code  int
	}{
		"shutdown and exit": {func(p *peer) {
			p.call(2, "shutdown", "null")
			p.answer(2)
			p.notify("exit", "null")
		}, 0},
		"exit alone":   {func(p *peer) { p.notify("exit", "null") }, 1},
		"end of input": {func(p *peer) { p.to.Close() }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), serveChild+"=1")
			in, err := cmd.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			defer time.AfterFunc(patience, func() { _ = cmd.Process.Kill() }).Stop()
			p := &peer{t: t, to: in, bodies: make(chan []byte, 100)}
			go p.read(out)
			p.initialize(fmt.Sprintf(`{"processId":%d}`, os.Getpid()))
			p.call(1, "session/stop", `{"id":"shop/api"}`)
			if m := p.answer(1); m.Error != nil {
				t.Errorf("%+v", m)
			}
			tc.leave(p)
			for range p.bodies { // until the output ends
			}
			_ = cmd.Wait()
			if got := cmd.ProcessState.ExitCode(); got != tc.code {
				t.Errorf("exit code %d, want %d", got, tc.code)
			}
		})
	}
}
