package harness

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
)

// Tandem is the path of the binary under test: TANDEM_BIN, else built once per
// run with its agents inside.
func Tandem(t T) string {
	t.Helper()
	path, err := tandem()
	if err != nil {
		t.Fatalf("building tandem: %v", err)
	}
	return path
}

var tandem = sync.OnceValues(func() (string, error) {
	if path := os.Getenv("TANDEM_BIN"); path != "" {
		path, err := filepath.Abs(path)
		if err != nil {
			return "", err
		}
		_, err = os.Stat(path)
		return path, err
	}
	dir, err := sharedDir()
	if err != nil {
		return "", err
	}
	root, err := Root()
	if err != nil {
		return "", err
	}
	if err := build(root, "make", "--no-print-directory", "agent"); err != nil {
		return "", err
	}
	path := filepath.Join(dir, "tandem")
	args := []string{"build", "-o", path, "-ldflags", "-X main.version=e2e"}
	if Race() {
		args = append(args, "-race")
	}
	return path, build(root, "go", append(args, "./cmd/tandem")...)
})

// Race reports whether the binary is built with the race detector.
func Race() bool { return os.Getenv("TANDEM_E2E_RACE") == "1" }

// ShopBinary is the shop's service of that name ("api", "web"), built for this
// machine once per run: `go run` in every test would cost more than the tests.
func ShopBinary(t T, service string) string {
	t.Helper()
	dir, err := shop()
	if err != nil {
		t.Fatalf("building the shop: %v", err)
	}
	return filepath.Join(dir, service)
}

var shop = sync.OnceValues(func() (string, error) {
	dir, err := sharedDir()
	if err != nil {
		return "", err
	}
	root, err := Root()
	if err != nil {
		return "", err
	}
	dir = filepath.Join(dir, "shop")
	if err := os.Mkdir(dir, 0o755); err != nil {
		return "", err
	}
	return dir, build(filepath.Join(root, "testbed", "shop"), "go", "build", "-o", dir, "./api", "./web")
})

// AgentImage is a reference of the agent's image that the cluster can pull:
// TANDEM_AGENT_IMAGE, else the binary's own, pushed once per run.
func AgentImage(t T) string {
	t.Helper()
	ref, err := agentImage()
	if err != nil {
		t.Fatalf("pushing the agent's image to %s: %v", Registry(), err)
	}
	return ref
}

var agentImage = sync.OnceValues(func() (string, error) {
	if ref := os.Getenv("TANDEM_AGENT_IMAGE"); ref != "" {
		return ref, nil
	}
	binary, err := tandem()
	if err != nil {
		return "", err
	}
	var out, complaint bytes.Buffer
	cmd := exec.Command(binary, "agent", "image", "push", "--insecure", Registry()+"/tandem/agent:e2e")
	cmd.Stdout, cmd.Stderr = &out, &complaint
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%w: %s", err, complaint.String())
	}
	return strings.TrimSpace(out.String()), nil
})

// Root is the folder of the module.
func Root() (string, error) {
	dir, err := os.Getwd()
	for err == nil {
		content, readErr := os.ReadFile(filepath.Join(dir, "go.mod"))
		if readErr == nil && bytes.HasPrefix(content, []byte("module github.com/tandem-dev/tandem\n")) {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", fmt.Errorf("not below the module github.com/tandem-dev/tandem")
		}
		dir = up
	}
	return "", err
}

func build(dir, name string, args ...string) error {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", cmd, err, text)
	}
	return nil
}
