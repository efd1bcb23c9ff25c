package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-dev/tandem/e2e/harness"
)

// What `tandem config write` gives to VS Code works as VS Code would use it: the
// task starts a real session, its problem matcher sees when that is ready, the
// configuration's environment file is there then, and nothing stays behind.
func TestVSCodeTask(t *testing.T) {
	t.Parallel()
	ns := harness.NewNamespace(t)
	ws := harness.NewWorkspace(t, ns)
	ws.Replace("command: ["+harness.ShopBinary(t, "api")+"]", "command: [go, run, ./api]")
	before := ns.State()

	if r := ws.Run("config", "write", "api", "--editor", "vscode"); r.Code != 0 {
		t.Fatalf("exit code %d\n%s", r.Code, r.Stderr)
	}
	var launch struct {
		Configurations []struct{ Name, Type, Mode, Program, EnvFile, PreLaunchTask string }
	}
	var tasks struct {
		Tasks []struct {
			Label, Command string
			Args           []string
			ProblemMatcher struct {
				Background struct{ BeginsPattern, EndsPattern string }
			}
		}
	}
	readJSON(t, filepath.Join(ws.Dir, ".vscode", "launch.json"), &launch)
	readJSON(t, filepath.Join(ws.Dir, ".vscode", "tasks.json"), &tasks)
	if len(launch.Configurations) != 1 || len(tasks.Tasks) != 1 || launch.Configurations[0].PreLaunchTask != tasks.Tasks[0].Label {
		t.Fatalf("%+v\n%+v", launch, tasks)
	}
	config, task := launch.Configurations[0], tasks.Tasks[0]
	if config.Type != "go" || config.Mode != "debug" || config.Program != "${workspaceFolder}/api" || task.Command != "tandem" {
		t.Errorf("%+v\n%+v", config, task)
	}

	term := harness.OpenTerminal(t, ws.Command(task.Args...))
	term.Await(0, "ready in ")
	term.Await(0, "\n")
	begins := regexp.MustCompile(task.ProblemMatcher.Background.BeginsPattern)
	ends := regexp.MustCompile(task.ProblemMatcher.Background.EndsPattern)
	var seen []string
	for _, line := range strings.Split(term.Screen(), "\n") {
		line = strings.TrimRight(line, "\r")
		line = line[strings.LastIndex(line, "\r")+1:] // what is overwritten is not seen
		if begins.MatchString(line) {
			seen = append(seen, "begins")
		}
		if ends.MatchString(line) {
			seen = append(seen, "ends")
		}
	}
	if diff := cmp.Diff([]string{"begins", "ends"}, seen); diff != "" {
		t.Errorf("the matcher, -want +got:\n%s", diff)
	}
	env, err := os.ReadFile(strings.Replace(config.EnvFile, "${workspaceFolder}", ws.Dir, 1))
	if err != nil || !strings.Contains(string(env), "\nAPI_TOKEN=") {
		t.Errorf("the environment file has no API_TOKEN: %v", err)
	}
	// With the session's environment known, the configuration is no other one.
	if r := ws.Run("config", "write", "api", "--editor", "vscode"); r.Code != 0 || r.Stdout != "" {
		t.Errorf("writing again: exit code %d, stdout %q\n%s", r.Code, r.Stdout, r.Stderr)
	}

	term.Type("\x03")
	term.Await(0, "Deployment api back at 2 replicas")
	term.Exit()
	if r := ws.Run("config", "remove", "--editor", "vscode"); r.Code != 0 {
		t.Errorf("exit code %d\n%s", r.Code, r.Stderr)
	}
	for _, left := range []string{".vscode", ".tandem"} {
		if _, err := os.Stat(filepath.Join(ws.Dir, left)); !os.IsNotExist(err) {
			t.Errorf("%s is left behind: %v", left, err)
		}
	}
	ns.RequireState(before)
	ws.RequireNoTrace()
}

func readJSON(t *testing.T, path string, into any) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}
