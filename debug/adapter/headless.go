package adapter

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-delve/delve/pkg/gobuild"
	"github.com/go-delve/delve/service"
	"github.com/go-delve/delve/service/debugger"
	"github.com/go-delve/delve/service/rpccommon"

	"github.com/tandem-dev/tandem/debug"
	"github.com/tandem-dev/tandem/internal/fault"
)

// headless serves one client with Delve's own protocol, as `dlv --headless
// --api-version=2` does: the program waits at its entry for the client.
func (w *work) headless(ctx context.Context) error {
	if err := quiet(); err != nil {
		return err
	}
	config := service.Config{APIVersion: 2, CheckLocalConnUser: true, Debugger: debugger.Config{CheckGoVersion: true, Backend: "default"}}
	if w.job.PID != 0 {
		config.Debugger.AttachPid = w.job.PID
	} else if err := w.build(&config); err != nil {
		return err
	}
	l, err := listen()
	if err != nil {
		return err
	}
	gone := make(chan struct{})
	config.Listener, config.DisconnectChan = &oneClient{Listener: l, wrap: func(c net.Conn) net.Conn { return c }}, gone
	server := rpccommon.NewServer(&config)
	if err := server.Run(); err != nil {
		_ = l.Close()
		return fault.Wrap(err, fault.DebugFailed, "starting %s under Delve", what(w.job)).
			Hint("may this user debug on this machine? `dlv exec` in a terminal would say the same")
	}
	defer func() { _ = server.Stop() }() // fails where the client has detached already
	if err := w.hello(l.Addr().(*net.TCPAddr).Port); err != nil {
		return nil
	}
	select {
	case <-gone:
	case <-ctx.Done():
	}
	return nil
}

func what(job debug.Job) string {
	if job.PID != 0 {
		return fmt.Sprintf("process %d", job.PID)
	}
	return job.Target.Program
}

// build makes the binary and says how it is started.
func (w *work) build(config *service.Config) error {
	t := w.job.Target
	d := &config.Debugger
	d.WorkingDir = t.Cwd
	binary := t.Program
	if t.Mode != debug.Exec {
		if err := unoptimizeC(); err != nil {
			return err
		}
		program := t.Program
		if dir := moduleDir(program); dir != "" {
			if err := os.Chdir(dir); err != nil {
				return fault.Wrap(err, fault.DebugBuildFailed, "entering %s", dir)
			}
		}
		binary = filepath.Join(w.job.Scratch, "program")
		build, kind := gobuild.GoBuildCombinedOutput, debugger.ExecutingGeneratedFile
		if t.Mode == debug.Test {
			build, kind = gobuild.GoTestBuildCombinedOutput, debugger.ExecutingGeneratedTest
			if dir := moduleDir(program); dir != "" {
				d.WorkingDir = dir // as `go test` does
			}
		}
		d.ExecuteKind, d.Packages, d.BuildFlags = kind, []string{program}, t.Flags
		if _, out, err := build(binary, []string{program}, t.Flags); err != nil {
			return fault.New(fault.DebugBuildFailed, "building %s: %s", program, compilerSays(out, err)).
				Hint("`go build %s` says the same", program)
		}
	} else {
		d.ExecuteKind = debugger.ExecutingExistingFile
	}
	config.ProcessArgs = append([]string{binary}, t.Args...)
	return nil
}

// maxSays bounds what of a compiler's words fits into a message.
const maxSays = 4 << 10

func compilerSays(out []byte, err error) string {
	text := strings.TrimSpace(string(out))
	switch {
	case text == "":
		return err.Error()
	case len(text) > maxSays:
		return text[:maxSays] + " …"
	}
	return text
}
