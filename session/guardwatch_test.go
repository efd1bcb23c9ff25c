package session

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tandem-dev/tandem/session/cluster"
)

// guardTest is a journal with one entry of a dead owner, and a guard for it.
type guardTest struct {
	*watch
	entry  Entry
	undone chan time.Time
	fail   int // how often undo fails
}

func newGuardTest(t *testing.T, grace time.Duration) *guardTest {
	t.Helper()
	j, err := openJournal(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	g := &guardTest{undone: make(chan time.Time, 8), entry: Entry{ID: "shop/api", Owner: "dead", Server: "https://c", Record: cluster.Record{Token: "t"}}}
	g.watch = &watch{journal: j, owner: "dead", grace: grace, log: t.Logf, undo: func(context.Context, *Entry) error {
		if g.fail > 0 {
			g.fail--
			return errors.New("the cluster does not answer")
		}
		g.undone <- time.Now()
		return nil
	}}
	p := g.take(t)
	if err := p.write(g.entry); err != nil {
		t.Fatal(err)
	}
	if err := p.close(false); err != nil { // as the kernel does when the owner dies
		t.Fatal(err)
	}
	return g
}

func (g *guardTest) take(t *testing.T) *page {
	t.Helper()
	p, _, err := g.journal.begin(g.entry)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (g *guardTest) left() int {
	entries, _ := g.journal.entries()
	return len(entries)
}

func TestGuardWaitsAndGivesBack(t *testing.T) {
	g := newGuardTest(t, 2*time.Second)
	g.fail = 1 // and does not give up
	began := time.Now()
	if err := g.ownerDied(t.Context()); err != nil {
		t.Fatal(err)
	}
	select {
	case at := <-g.undone:
		if early := waitOf(g.grace); at.Sub(began) < early {
			t.Errorf("given back after %s: an adopter had less than %s", at.Sub(began), early)
		}
	default:
		t.Fatal("nothing was given back")
	}
	if g.journal == nil || g.left() != 0 {
		t.Errorf("%d entries are left", g.left())
	}
}

// Whoever adopts the session has it, and the guard has nothing to do.
func TestGuardLeavesWhatWasAdopted(t *testing.T) {
	g := newGuardTest(t, time.Minute)
	p := g.take(t)
	defer p.close(true)
	adopted := g.entry
	adopted.Owner = "alive"
	if err := p.write(adopted); err != nil {
		t.Fatal(err)
	}
	if err := g.ownerDied(t.Context()); err != nil || len(g.undone) != 0 {
		t.Errorf("given back %d times, %v", len(g.undone), err)
	}
}

// An adopter that has the lock but has written nothing yet is not fought.
func TestGuardDoesNotFightALock(t *testing.T) {
	g := newGuardTest(t, 10*time.Millisecond)
	p := g.take(t)
	defer p.close(true)
	if err := g.ownerDied(t.Context()); err != nil || len(g.undone) != 0 || g.left() != 1 {
		t.Errorf("given back %d times, %d entries, %v", len(g.undone), g.left(), err)
	}
}

// A guard whose owner ended orderly ends at once.
func TestGuardEndsWithItsOwner(t *testing.T) {
	g := newGuardTest(t, time.Hour)
	p := g.take(t)
	if err := p.close(true); err != nil {
		t.Fatal(err)
	}
	if err := g.ownerDied(t.Context()); err != nil || len(g.undone) != 0 {
		t.Errorf("given back %d times, %v", len(g.undone), err)
	}
}

// A guard whose journal is removed ends although its owner's end of the pipe is
// open: the owner may be stopped, or somebody else may hold it.
func TestGuardEndsWithItsJournal(t *testing.T) {
	g := newGuardTest(t, time.Hour)
	life, held := io.Pipe()
	defer held.Close() // ends the goroutine that reads
	if err := os.RemoveAll(g.journal.dir); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if g.awaitDeath(t.Context(), life) {
		t.Error("it takes its owner for dead")
	}
	if took := time.Since(began); took > 2*guardFolder {
		t.Errorf("it took %s", took)
	}
	if g.journal.exists() {
		t.Error("the journal is made anew")
	}
}

// So does one that is told to, and one whose journal goes while it gives back.
func TestGuardEndsOnRequestAndWhileGivingBack(t *testing.T) {
	g := newGuardTest(t, time.Hour)
	life, held := io.Pipe()
	defer held.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if g.awaitDeath(ctx, life) {
		t.Error("it takes its owner for dead")
	}
	g.grace = time.Millisecond
	g.undo = func(context.Context, *Entry) error {
		if err := os.RemoveAll(g.journal.dir); err != nil {
			t.Error(err)
		}
		return errors.New("the cluster does not answer")
	}
	if err := g.ownerDied(t.Context()); err != nil {
		t.Error(err)
	}
}

// A folder's name may look like a pattern.
func TestJournalInAnOddFolder(t *testing.T) {
	j, err := openJournal(filepath.Join(t.TempDir(), "a[b"))
	if err != nil {
		t.Fatal(err)
	}
	p, _, err := j.begin(Entry{ID: "shop/api"})
	if err == nil {
		err = p.write(Entry{ID: "shop/api"})
	}
	if err != nil {
		t.Fatal(err)
	}
	defer p.close(true)
	if found, err := j.entries(); err != nil || len(found) != 1 || !found[0].live {
		t.Errorf("%+v, %v", found, err)
	}
}

// What only a successor may read is readable by nobody else, and goes with the entry.
func TestPrivateFile(t *testing.T) {
	g := newGuardTest(t, time.Hour)
	p := g.take(t)
	want := private{HostKey: []byte("h"), ClientKey: []byte("c"), Run: true}
	if err := p.writePrivate(want); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(privatePath(p.path))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if got, err := p.private(); err != nil || string(got.ClientKey) != "c" || !got.Run {
		t.Errorf("read back %+v, %v", got, err)
	}
	if err := p.close(true); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(privatePath(p.path)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it is still there: %v", err)
	}
}
