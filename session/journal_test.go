package session

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/session/cluster"
)

func anEntry() Entry {
	return Entry{
		ID: "shop/api", Started: time.Date(2026, 11, 23, 1, 2, 3, 0, time.UTC), PID: os.Getpid(),
		Server: "https://10.0.0.1:6443", Manifest: "/w/okteto.yml", Dev: "api", EnvDir: "/w/.tandem",
		Record: cluster.Record{Session: "shop/api", Namespace: "shop", Kind: "Deployment", Name: "api", Replicas: 2, Token: "t"},
	}
}

func TestJournalKeepsAnEntryUntilItsOwnerIsDone(t *testing.T) {
	j, err := openJournal(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	e := anEntry()
	p, left, err := j.begin(e)
	if err != nil || left != nil {
		t.Fatalf("begin: left %v, %v", left, err)
	}
	if err := p.write(e); err != nil {
		t.Fatal(err)
	}
	e.Version = entryVersion
	found, err := j.entries()
	if err != nil || len(found) != 1 || !found[0].live {
		t.Fatalf("entries: %+v, %v", found, err)
	}
	if diff := cmp.Diff(e, found[0].Entry); diff != "" {
		t.Error(diff)
	}
	if info, err := os.Stat(p.path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if _, _, err := j.begin(e); !errors.Is(err, fault.SessionBusy) {
		t.Errorf("a second owner: %v", err)
	}
	if err := p.close(true); err != nil {
		t.Fatal(err)
	}
	if found, _ := j.entries(); len(found) != 0 {
		t.Errorf("left: %+v", found)
	}
}

// An owner that ends without being able to give the cluster back leaves its
// entry, and whoever begins next is handed it.
func TestJournalHandsOverWhatWasLeft(t *testing.T) {
	j, _ := openJournal(t.TempDir())
	e := anEntry()
	p, _, err := j.begin(e)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(p.write(e), p.close(false)); err != nil {
		t.Fatal(err)
	}
	found, _ := j.entries()
	if len(found) != 1 || found[0].live {
		t.Fatalf("entries: %+v", found)
	}
	p, left, err := j.begin(e)
	if err != nil || left == nil || left.Record != e.Record {
		t.Fatalf("left %+v, %v", left, err)
	}
	if err := p.close(true); err != nil {
		t.Error(err)
	}
}

// The kernel drops the lock of a process that dies, however it dies.
func TestJournalSeesThatTheOwnerWasKilled(t *testing.T) {
	if dir := os.Getenv("TANDEM_TEST_HOLD_JOURNAL"); dir != "" {
		j, _ := openJournal(dir)
		p, _, err := j.begin(anEntry())
		if err == nil {
			err = p.write(anEntry())
		}
		if err != nil {
			t.Fatal(err)
		}
		os.Stdout.WriteString("held\n")
		select {} // until killed
	}
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0], "-test.run", "^TestJournalSeesThatTheOwnerWasKilled$")
	cmd.Env = append(os.Environ(), "TANDEM_TEST_HOLD_JOURNAL="+dir)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 5)); err != nil {
		t.Fatal(err)
	}
	j, _ := openJournal(dir)
	if found, err := j.entries(); err != nil || len(found) != 1 || !found[0].live {
		t.Errorf("while it lives: %+v, %v", found, err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if found, err := j.entries(); err != nil || len(found) != 1 || found[0].live {
		t.Errorf("after it was killed: %+v, %v", found, err)
	}
}

func TestJournalRefusesWhatItCannotRead(t *testing.T) {
	for name, text := range map[string]string{
		"damaged": `{"version":1`,
		"newer":   `{"version":999}`,
	} {
		t.Run(name, func(t *testing.T) {
			j, _ := openJournal(t.TempDir())
			e := anEntry()
			if err := os.WriteFile(j.base(e)+".json", []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, _, err := j.begin(e); !errors.Is(err, fault.JournalFailed) || fault.HintOf(err) == "" {
				t.Errorf("begin: %v (hint %q)", err, fault.HintOf(err))
			}
			if _, err := j.entries(); !errors.Is(err, fault.JournalFailed) {
				t.Errorf("entries: %v", err)
			}
			if b, err := os.ReadFile(j.base(e) + ".json"); err != nil || string(b) != text {
				t.Errorf("it was changed: %q, %v", b, err)
			}
		})
	}
}

func TestJournalTellsClustersApart(t *testing.T) {
	j := &journal{dir: "/j"}
	a, b := anEntry(), anEntry()
	b.Server = "https://10.0.0.2:6443"
	if j.base(a) == j.base(b) {
		t.Error("two clusters share a page")
	}
	a.ID = "../../etc/passwd"
	if filepath.Dir(j.base(a)) != "/j" {
		t.Errorf("an id leads out of the journal: %s", j.base(a))
	}
}
