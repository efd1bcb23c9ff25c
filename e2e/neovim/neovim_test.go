// Package neovim proves extensions/neovim in a headless Neovim, as Debian has it, on the real
// cluster. The person at the keyboard is extensions/neovim/test/session.lua.
package neovim

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-dev/tandem/e2e/harness"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }

func TestSession(t *testing.T) {
	nvim, err := exec.LookPath("nvim")
	if err != nil {
		t.Fatalf("%v\n  hint: apt-get install neovim", err)
	}
	root, err := harness.Root()
	if err != nil {
		t.Fatal(err)
	}
	plugin := filepath.Join(root, "extensions", "neovim")
	ns := harness.NewNamespace(t)
	w := harness.NewWorkspace(t, ns)
	before := ns.State()

	server := w.Command("serve", "--keep", "30s", "--keep-for", "nvim")
	argv, err := json.Marshal(server.Args)
	if err != nil {
		t.Fatal(err)
	}
	told := filepath.Join(t.TempDir(), "told")
	cmd := exec.CommandContext(t.Context(), nvim, "--headless", "-u", "NONE", "-i", "NONE",
		"--cmd", "set rtp^="+plugin, "-c", "luafile "+filepath.Join(plugin, "test", "session.lua"))
	cmd.Dir = w.Dir
	cmd.Env = append(server.Env, "TANDEM_TEST_OUT="+told, "TANDEM_TEST_CMD="+string(argv), "XDG_CACHE_HOME="+t.TempDir())
	r := harness.Finish(t, cmd)
	text, err := os.ReadFile(told)
	if err != nil {
		t.Fatalf("%v\n%s%s", err, r.Stdout, r.Stderr)
	}
	want := []string{
		`["devs",["api","web"]]`,
		`["states",["checking","diverting","connecting","resolving","switching","ready"]]`,
		`["statusline","api: ready, 3 tunnels"]`,
		`["output"]`,
		`["float","API_TOKEN=••••••••  — Secret api-credentials, key API_TOKEN"]`,
		`["revealed","not-a-real-token-0001"]`,
		`["explained",["API_TOKEN: set","  Secret api-credentials, key API_TOKEN: used"]]`,
		`["states",["ready","stopping","stopped"]]`,
		`["statusline",""]`,
	}
	if diff := cmp.Diff(want, strings.Split(strings.TrimSpace(string(text)), "\n")); diff != "" || r.Code != 0 {
		t.Errorf("exit code %d; (-want +got):\n%s\n%s%s", r.Code, diff, r.Stdout, r.Stderr)
	}
	ns.RequireState(before)
	w.RequireNoTrace()
}
