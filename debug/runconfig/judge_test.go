package runconfig

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// judgement is a case for testdata/judge.
type judgement struct {
	Original string `json:"original"`
	Edited   string `json:"edited"`
	Ours     string `json:"ours"`
	name     string
}

// judge has Microsoft's jsonc-parser look at every case, in one process. It is
// installed once, as package-lock.json pins it, and kept in the user's cache.
func judge(t *testing.T, cases []judgement) {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("no node to run jsonc-parser with")
	}
	cmd := exec.Command(node, filepath.Join(judgeDir(t), "judge.js"))
	input, err := json.Marshal(cases)
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdin = bytes.NewReader(input)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var problems []string
	if err := json.Unmarshal(out, &problems); err != nil {
		t.Fatal(err)
	}
	if len(problems) != len(cases) {
		t.Fatalf("%d answers to %d cases", len(problems), len(cases))
	}
	for i, p := range problems {
		if p != "" {
			t.Errorf("%s: %s\n%s", cases[i].name, p, cases[i].Edited)
		}
	}
}

// judgeDir is a folder with the judge and its library.
func judgeDir(t *testing.T) string {
	t.Helper()
	lock, err := os.ReadFile("testdata/judge/package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = t.TempDir()
	}
	dir := filepath.Join(cache, "tandem-test-readers", "jsonc-judge")
	have, _ := os.ReadFile(filepath.Join(dir, "package-lock.json"))
	if _, err := os.Stat(filepath.Join(dir, "node_modules", "jsonc-parser", "package.json")); err != nil || !bytes.Equal(have, lock) {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		copyFiles(t, dir, "package.json", "package-lock.json")
		npm, err := exec.LookPath("npm")
		if err != nil {
			t.Skip("no npm to install jsonc-parser with")
		}
		install := exec.CommandContext(t.Context(), npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund")
		install.Dir = dir
		if out, err := install.CombinedOutput(); err != nil {
			t.Fatalf("installing jsonc-parser: %v\n%s", err, out)
		}
	}
	copyFiles(t, dir, "judge.js")
	return dir
}

func copyFiles(t *testing.T, dir string, names ...string) {
	t.Helper()
	for _, name := range names {
		text, err := os.ReadFile(filepath.Join("testdata/judge", name))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// The judge itself must be able to find fault.
func TestJudgeRefuses(t *testing.T) {
	if _, err := exec.LookPath("node"); err != nil {
		t.Skip("no node to run jsonc-parser with")
	}
	node, _ := exec.LookPath("node")
	const ours = `{"version": "1", "configurations": [1]}`
	bad := []judgement{
		{Original: `{"configurations": []}`, Edited: `{"configurations": []}`, Ours: ours},
		{Original: `{"configurations": [0]}`, Edited: `{"configurations": [1, 0]}`, Ours: ours},
		{Original: `{"configurations": []} // c`, Edited: `{"configurations": [1]}`, Ours: ours},
		{Original: `{"configurations": []}`, Edited: `{"configurations": [1}`, Ours: ours},
		{Original: "\ufeff{}", Edited: `{"configurations": [1]}`, Ours: ours},
	}
	input, _ := json.Marshal(bad)
	cmd := exec.Command(node, filepath.Join(judgeDir(t), "judge.js"))
	cmd.Stdin = bytes.NewReader(input)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var problems []string
	if err := json.Unmarshal(out, &problems); err != nil {
		t.Fatal(err)
	}
	for i, p := range problems {
		if p == "" {
			t.Errorf("%s → %s is found right", bad[i].Original, bad[i].Edited)
		}
	}
	if len(problems) != len(bad) || strings.Join(problems, "") == "" {
		t.Errorf("answers: %q", problems)
	}
}
