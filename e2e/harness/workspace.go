package harness

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// Workspace is a developer's folder: the shop's okteto.yml and sources, with
// local ports that nobody else on this machine has, and a state folder of its
// own, so that tests run side by side.
type Workspace struct {
	T         T
	Dir       string
	StateDir  string
	Namespace *Namespace
	// Kubeconfig is what tandem is told to use; the administrator's at first.
	Kubeconfig string

	ports map[int]int // port in testbed/shop/okteto.yml → the one in its place
}

// NewWorkspace makes one for the shop in n.
func NewWorkspace(t T, n *Namespace) *Workspace {
	t.Helper()
	root, err := Root()
	if err != nil {
		t.Fatalf("%v", err)
	}
	w := &Workspace{T: t, Dir: t.TempDir(), StateDir: t.TempDir(), Namespace: n, Kubeconfig: n.Cluster.Kubeconfig, ports: map[int]int{}}
	source := filepath.Join(root, "testbed", "shop")
	for _, file := range []string{"go.mod", "go.sum"} {
		content, err := os.ReadFile(filepath.Join(source, file))
		if err == nil {
			err = os.WriteFile(filepath.Join(w.Dir, file), content, 0o644)
		}
		if err != nil {
			t.Fatalf("%v", err)
		}
	}
	for _, dir := range []string{"api", "web"} {
		if err := os.CopyFS(filepath.Join(w.Dir, dir), os.DirFS(filepath.Join(source, dir))); err != nil {
			t.Fatalf("%v", err)
		}
	}
	content, err := os.ReadFile(filepath.Join(source, "okteto.yml"))
	if err != nil {
		t.Fatalf("%v", err)
	}
	text := w.movePorts(string(content))
	// Built once instead of by `go run` in each test.
	for _, service := range []string{"api", "web"} {
		text = strings.ReplaceAll(text, "command: [go, run, ./"+service+"]", "command: ["+ShopBinary(t, service)+"]")
	}
	w.WriteManifest(text)
	return w
}

// Manifest is the path of the okteto.yml.
func (w *Workspace) Manifest() string { return filepath.Join(w.Dir, "okteto.yml") }

// WriteManifest replaces the okteto.yml.
func (w *Workspace) WriteManifest(text string) {
	w.T.Helper()
	if err := os.WriteFile(w.Manifest(), []byte(text), 0o644); err != nil {
		w.T.Fatalf("%v", err)
	}
}

// Replace edits the okteto.yml; old must be in it.
func (w *Workspace) Replace(old, new string) {
	w.T.Helper()
	content, err := os.ReadFile(w.Manifest())
	if err != nil {
		w.T.Fatalf("%v", err)
	}
	if !strings.Contains(string(content), old) {
		w.T.Fatalf("no %q in\n%s", old, content)
	}
	w.WriteManifest(strings.Replace(string(content), old, new, 1))
}

// Port is the local port that stands in the place of one of the shop's
// okteto.yml: 6379 and 8090 are api's forwards, 8080 is where api listens, 8081
// where web does, and 8082 is web's forward.
func (w *Workspace) Port(original int) int {
	w.T.Helper()
	p, ok := w.ports[original]
	if !ok {
		w.T.Fatalf("the shop's okteto.yml has no local port %d", original)
	}
	return p
}

// EnvFile is the path of a dev's environment file with the ending ("env", "json").
func (w *Workspace) EnvFile(dev, ending string) string {
	return filepath.Join(w.Dir, ".tandem", dev+"."+ending)
}

var (
	forwardLine = regexp.MustCompile(`^(\s+- )(\d+)(:.*)$`)        // LOCAL:[SERVICE:]REMOTE
	reverseLine = regexp.MustCompile(`^(\s+- \d+:)(\d+)(.*)$`)     // REMOTE:LOCAL
	localURL    = regexp.MustCompile(`(localhost:)(\d+)`)          // in an environment
	section     = regexp.MustCompile(`^\s+(forward|reverse|\w+):`) // of a dev
)

// movePorts gives every local port of a manifest a free one.
func (w *Workspace) movePorts(text string) string {
	lines := strings.Split(text, "\n")
	in := ""
	for i, line := range lines {
		if m := section.FindStringSubmatch(line); m != nil {
			in = m[1]
		}
		switch in {
		case "forward":
			line = replacePort(forwardLine, line, w.moved)
		case "reverse":
			line = replacePort(reverseLine, line, w.moved)
		}
		lines[i] = localURL.ReplaceAllStringFunc(line, func(s string) string { return replacePort(localURL, s, w.moved) })
	}
	return strings.Join(lines, "\n")
}

// replacePort replaces the second group, a port.
func replacePort(in *regexp.Regexp, line string, moved func(int) int) string {
	m := in.FindStringSubmatchIndex(line)
	if m == nil {
		return line
	}
	old, err := strconv.Atoi(line[m[4]:m[5]])
	if err != nil {
		return line
	}
	return line[:m[4]] + strconv.Itoa(moved(old)) + line[m[5]:]
}

func (w *Workspace) moved(original int) int {
	if p, ok := w.ports[original]; ok {
		return p
	}
	p := FreePort(w.T)
	w.ports[original] = p
	return p
}

// handedOut are the ports that FreePort gave away in this process.
var handedOut struct {
	mu    sync.Mutex
	ports map[int]bool
}

// FreePort is a port on localhost that nobody listens on, and that is not given
// away twice. It is below the range that the kernel gives to outgoing
// connections (net.ipv4.ip_local_port_range), which would take it meanwhile.
func FreePort(t T) int {
	t.Helper()
	handedOut.mu.Lock()
	defer handedOut.mu.Unlock()
	if handedOut.ports == nil {
		handedOut.ports = map[int]bool{}
	}
	for range 1000 {
		port := 20000 + rand.IntN(12000)
		if handedOut.ports[port] || !free(port) {
			continue
		}
		handedOut.ports[port] = true
		return port
	}
	t.Fatalf("no free port between 20000 and 32000")
	return 0
}

// free tries the loopback of both families, as localhost may be either.
func free(port int) bool {
	for _, host := range []string{"127.0.0.1", "::1"} {
		l, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
		if err == nil {
			l.Close()
		} else if host == "127.0.0.1" {
			return false // a machine without IPv6 fails on ::1 for another reason
		}
	}
	return true
}

// Localhost is the address of the moved port.
func (w *Workspace) Localhost(original int) string {
	w.T.Helper()
	return fmt.Sprintf("localhost:%d", w.Port(original))
}
