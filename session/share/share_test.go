package share

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tandem-dev/tandem/internal/fault"
)

// As another process this test binary shares an address, and says what happens
// on its standard output.
func TestMain(m *testing.M) {
	if path := os.Getenv("SHARE_TEST_PATH"); path != "" {
		p := newParty(path, os.Getenv("SHARE_TEST_ADDRESS"), os.Getenv("SHARE_TEST_NAME"))
		go func() {
			for said := range p.said {
				fmt.Println(said)
			}
		}()
		if err := p.join(context.Background()); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		_, _ = io.Copy(io.Discard, os.Stdin) // until the test has enough
		p.member.Close()
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// party is one that shares, and answers connections with its name.
type party struct {
	cfg    Config
	member *Member
	said   chan string
	served sync.WaitGroup
}

func newParty(path, address, name string) *party {
	p := &party{said: make(chan string, 16)}
	var mine []net.Listener
	p.cfg = Config{
		Path: path, Self: Owner{PID: os.Getpid(), Name: name},
		Listen: func(ctx context.Context) ([]net.Listener, error) {
			var lc net.ListenConfig
			l, err := lc.Listen(ctx, "tcp", address)
			if err != nil {
				return nil, fault.Wrap(err, fault.PortInUse, "listening")
			}
			return []net.Listener{l}, nil
		},
		Lead: func(all []net.Listener) error {
			mine = all
			for _, l := range all {
				p.served.Go(func() {
					for {
						conn, err := l.Accept()
						if err != nil {
							return
						}
						_, _ = io.WriteString(conn, name)
						conn.Close()
					}
				})
			}
			p.said <- "lead"
			return nil
		},
		Resign: func() { closeAll(mine); p.served.Wait() },
		Follow: func(o Owner) { p.said <- "follow " + o.Name },
		Failed: func(err error) { p.said <- "failed " + err.Error() },
	}
	return p
}

func (p *party) join(ctx context.Context) (err error) {
	p.member, err = Join(ctx, p.cfg)
	return err
}

// joined joins, and must say so.
func joined(t *testing.T, path, address, name, want string) *party {
	t.Helper()
	p := newParty(path, address, name)
	if err := p.join(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.member.Close)
	p.expect(t, want)
	return p
}

func (p *party) expect(t *testing.T, want string) {
	t.Helper()
	select {
	case got := <-p.said:
		if got != want {
			t.Fatalf("%q, want %q", got, want)
		}
	case <-time.After(10 * time.Second):
		t.Fatalf("nothing, want %q", want)
	}
}

// who asks the one who serves for its name.
func who(t *testing.T, address string) string {
	t.Helper()
	conn, err := net.DialTimeout("tcp", address, 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	return heard(t, conn)
}

func heard(t *testing.T, conn net.Conn) string {
	t.Helper()
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	name, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	return string(name)
}

// place is a socket's path and an address that is free.
func place(t *testing.T) (path, address string) {
	t.Helper()
	path, err := Path(filepath.Join(t.TempDir(), "run"), t.Name())
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return path, l.Addr().String()
}

func TestTheNextTakesOver(t *testing.T) {
	path, address := place(t)
	if _, serving := Serving(t.Context(), path); serving {
		t.Fatal("somebody serves")
	}
	a := joined(t, path, address, "a", "lead")
	b := joined(t, path, address, "b", "follow a")
	c := joined(t, path, address, "c", "follow a")
	if o, serving := Serving(t.Context(), path); !serving || o != a.cfg.Self {
		t.Errorf("%+v serves", o)
	}
	if got := who(t, address); got != "a" {
		t.Errorf("%q answers", got)
	}
	for end := time.Now().Add(5 * time.Second); a.member.Standbys() != 2; {
		if time.Now().After(end) {
			t.Fatalf("%d standbys", a.member.Standbys())
		}
		runtime.Gosched()
	}
	a.member.Close()
	a.member.Close()
	// One of the two serves, the other follows it.
	said := map[string]string{}
	for name, p := range map[string]*party{"b": b, "c": c} {
		select {
		case said[name] = <-p.said:
		case <-time.After(10 * time.Second):
			t.Fatal("nobody takes over")
		}
	}
	next, last := b, c
	if said["c"] == "lead" {
		next, last = c, b
	}
	name, other := next.cfg.Self.Name, last.cfg.Self.Name
	if said[name] != "lead" || said[other] != "follow "+name {
		t.Fatalf("%v", said)
	}
	if got := who(t, address); got != name {
		t.Errorf("%q answers, want %q", got, name)
	}
	// One that stands by leaves without a word; then the last one.
	last.member.Close()
	next.member.Close()
	if conn, err := net.Dial("tcp", address); err == nil {
		conn.Close()
		t.Error("somebody still listens")
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket stays: %v", err)
	}
}

// What connects between the death of one process and the next one's taking over
// is answered.
func TestAKilledProcessIsReplaced(t *testing.T) {
	path, address := place(t)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "SHARE_TEST_PATH="+path, "SHARE_TEST_ADDRESS="+address, "SHARE_TEST_NAME=process")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "lead\n" {
		t.Fatalf("%q, %v", line, err)
	}
	b := joined(t, path, address, "b", "follow process")
	if got := who(t, address); got != "process" {
		t.Errorf("%q answers", got)
	}
	var waiting net.Conn
	unlock, err := b.member.lock() // nobody takes over before that is given up
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if runtime.GOOS != "windows" { // see doc.go
		if waiting, err = net.Dial("tcp", address); err != nil {
			unlock()
			t.Fatalf("in between: %v", err)
		}
		defer waiting.Close()
	}
	unlock()
	b.expect(t, "lead")
	if waiting != nil {
		if got := heard(t, waiting); got != "b" {
			t.Errorf("%q answers what came in between", got)
		}
	}
	if got := who(t, address); got != "b" {
		t.Errorf("%q answers", got)
	}
}

func TestAStrangersPort(t *testing.T) {
	path, address := place(t)
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	p := newParty(path, address, "p")
	if err := p.join(t.Context()); !errors.Is(err, fault.PortInUse) {
		t.Errorf("%v", err)
	}
	l.Close()
	joined(t, path, address, "q", "lead")
}

// Many come and go at once; there is always one who serves, and never two.
func TestManyComeAndGo(t *testing.T) {
	path, address := place(t)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for round := range 10 {
				p := newParty(path, address, strconv.Itoa(i))
				if err := p.join(t.Context()); err != nil {
					t.Errorf("%d in round %d: %v", i, round, err)
					return
				}
				who(t, address)
				p.member.Close()
				close(p.said)
				for said := range p.said {
					if said != "lead" && said[:6] != "follow" {
						t.Errorf("%d in round %d: %s", i, round, said)
					}
				}
			}
		})
	}
	wg.Wait()
}

func TestPath(t *testing.T) {
	long := filepath.Join(t.TempDir(), "a-very-long-name-of-a-state-folder-that-somebody-has-chosen-for-whatever-reason-there-may-be")
	path, err := Path(long, "x")
	if err != nil || len(path) > maxSocketPath {
		t.Fatalf("%q, %v", path, err)
	}
	t.Cleanup(func() { os.Remove(filepath.Dir(path)) })
	open := filepath.Join(t.TempDir(), "open")
	if err := os.Mkdir(open, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(open, 0o777); err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" {
		if _, err := Path(open, "x"); !errors.Is(err, fault.JournalFailed) {
			t.Errorf("a folder that is open to others: %v", err)
		}
	}
	a, _ := Path(filepath.Dir(path), "ab", "c")
	b, _ := Path(filepath.Dir(path), "a", "bc")
	if a == b {
		t.Error("other parts, the same path")
	}
}
