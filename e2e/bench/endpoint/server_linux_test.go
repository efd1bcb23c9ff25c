package endpoint

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// server is one language server, spoken to in the plainest way: nothing of the
// client's may cost more than the server.
type server struct {
	t   *testing.T
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
	id  int
	// took is from the start of the process to the answer to initialize.
	took time.Duration
}

type answer struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
	Result json.RawMessage `json:"result"`
}

// start starts a server in a folder and initializes it.
func start(t *testing.T, dir string, argv ...string) *server {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), argv[0], argv[1:]...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_STATE_HOME="+filepath.Join(dir, "state"), "XDG_CACHE_HOME="+filepath.Join(dir, "cache"), "GOTELEMETRY=off")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	s := &server{t: t, cmd: cmd, in: in, out: bufio.NewReaderSize(out, 1<<20)}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s.call("initialize", fmt.Sprintf(`{"processId":%d,"rootUri":"file://%s","capabilities":{}}`, os.Getpid(), dir))
	s.took = time.Since(began)
	s.notify("initialized", "{}")
	return s
}

func (s *server) write(body string) {
	s.t.Helper()
	if _, err := fmt.Fprintf(s.in, "Content-Length: %d\r\n\r\n%s", len(body), body); err != nil {
		s.t.Fatal(err)
	}
}

func (s *server) notify(method, params string) {
	s.t.Helper()
	s.write(fmt.Sprintf(`{"jsonrpc":"2.0","method":%q,"params":%s}`, method, params))
}

// call sends a request and returns once it is answered, with a result or an error.
func (s *server) call(method, params string) answer {
	s.t.Helper()
	s.id++
	s.write(fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":%q,"params":%s}`, s.id, method, params))
	for {
		if a := s.read(); a.Method == "" && string(a.ID) == strconv.Itoa(s.id) {
			return a
		}
	}
}

// read reads one message, and answers what the server asks with null.
func (s *server) read() answer {
	s.t.Helper()
	length := 0
	for {
		line, err := s.out.ReadString('\n')
		if err != nil {
			s.t.Fatalf("%s: %v", s.cmd, err)
		}
		if line = strings.TrimSpace(line); line == "" {
			break
		}
		if value, ok := strings.CutPrefix(line, "Content-Length: "); ok {
			if length, err = strconv.Atoi(value); err != nil {
				s.t.Fatal(err)
			}
		}
	}
	body := make([]byte, length)
	if _, err := io.ReadFull(s.out, body); err != nil {
		s.t.Fatal(err)
	}
	var a answer
	if err := json.Unmarshal(body, &a); err != nil {
		s.t.Fatal(err)
	}
	if a.Method != "" && len(a.ID) > 0 {
		s.write(fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"result":null}`, a.ID))
	}
	return a
}

// resident is what the process holds in memory, in bytes: VmRSS of proc_pid_status(5).
func (s *server) resident() float64 {
	s.t.Helper()
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		s.t.Fatal(err)
	}
	for line := range strings.Lines(string(content)) {
		if value, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kib, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 64)
			if err != nil {
				s.t.Fatal(err)
			}
			return kib * 1024
		}
	}
	s.t.Fatal("no VmRSS")
	return 0
}

// stop ends it in the orderly way.
func (s *server) stop() {
	s.t.Helper()
	s.call("shutdown", "null")
	s.notify("exit", "null")
	_ = s.in.Close()
	_ = s.cmd.Wait()
}

// forget has the kernel drop a file's pages from its cache. Those that a running
// process maps stay, so the file is a copy that nobody runs.
func forget(t *testing.T, path string) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Sync(); err != nil { // only clean pages are dropped
		t.Fatal(err)
	}
	if err := unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED); err != nil {
		t.Fatal(err)
	}
}

// copyOf is a copy of a program.
func copyOf(t *testing.T, program string) string {
	t.Helper()
	content, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), filepath.Base(program))
	if err := os.WriteFile(path, content, 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}
