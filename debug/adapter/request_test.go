package adapter

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-dev/tandem/debug"
	"github.com/tandem-dev/tandem/internal/fault"
)

// arguments are a launch request's.
func arguments(t *testing.T, all map[string]any) map[string]json.RawMessage {
	t.Helper()
	encoded := map[string]json.RawMessage{}
	for name, value := range all {
		b, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		encoded[name] = b
	}
	return encoded
}

// What a launch request leaves open comes from the job, with the paths of the system
// that it runs on; what it says stays, and its secret goes no further.
func TestAllowCompletesALaunch(t *testing.T) {
	t.Setenv("CGO_CFLAGS", "")
	dir, scratch := t.TempDir(), t.TempDir()
	t.Chdir(dir)
	here, err := os.Getwd() // macOS has its temporary folders behind a symbolic link
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "main.go")
	if err := os.WriteFile(file, []byte("package main\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	w := work{job: debug.Job{
		Kind: debug.JobDAP, Secret: "x", Scratch: scratch,
		Defaults:  map[string]any{"mode": "debug", "program": dir, "cwd": dir, "args": []string{"of the manifest"}, "buildFlags": []string{"-tags=a"}},
		Inherited: map[string]string{"SHELL_OWN": "1"},
	}}
	output := filepath.Join(scratch, "program")
	for _, c := range []struct {
		name        string
		given, want map[string]any
	}{
		{"nothing", map[string]any{},
			map[string]any{"mode": "debug", "program": dir, "cwd": dir, "args": []string{"of the manifest"}, "buildFlags": []string{"-tags=a"}, "output": output, "dlvCwd": dir}},
		{"a program of its own", map[string]any{"program": file, "mode": "auto"},
			map[string]any{"mode": "debug", "program": file, "cwd": dir, "output": output, "dlvCwd": dir}},
		{"arguments of its own", map[string]any{"args": []string{"b"}, "buildFlags": "-race", "output": "mine", "dlvCwd": scratch},
			map[string]any{"mode": "debug", "program": dir, "cwd": dir, "args": []string{"b"}, "buildFlags": "-race", "output": "mine", "dlvCwd": scratch}},
		{"a folder beside the workspace's", map[string]any{"cwd": "sub", "program": dir},
			map[string]any{"program": dir, "cwd": filepath.Join(here, "sub"), "output": output, "dlvCwd": dir}},
		{"a binary", map[string]any{"mode": "exec", "program": file},
			map[string]any{"mode": "exec", "program": file, "cwd": dir}},
		{"an import path", map[string]any{"program": "example.com/api"},
			map[string]any{"program": "example.com/api", "cwd": dir, "output": output}},
		{"an environment", map[string]any{"mode": "exec", "program": file, "env": map[string]any{"SHELL_OWN": "1", "MINE": "2", "GONE": nil}},
			map[string]any{"mode": "exec", "program": file, "cwd": dir, "env": map[string]any{"MINE": "2", "GONE": nil}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.given[debug.SecretArgument] = "x"
			r := &debug.ClientRequest{Command: "launch", Arguments: arguments(t, c.given)}
			if err := w.allow(r); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(arguments(t, c.want), r.Arguments, cmp.Transformer("text", func(m json.RawMessage) string { return string(m) })); diff != "" {
				t.Errorf("arguments (-want +got):\n%s", diff)
			}
		})
	}
	attach := &debug.ClientRequest{Command: "attach", Arguments: arguments(t, map[string]any{"processId": 7, debug.SecretArgument: "y"})}
	if err := w.allow(attach); !errors.Is(err, fault.PermissionDenied) {
		t.Errorf("with another secret: %v", err)
	}
}
