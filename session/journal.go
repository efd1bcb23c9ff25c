package session

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/gofrs/flock"
	"github.com/google/renameio/v2/maybe"

	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/session/cluster"
	"github.com/tandem-dev/tandem/session/process"
)

// Entry is what the journal holds of one session: enough to give the cluster
// back and to clean the developer's machine without the manifest, and not one
// secret.
type Entry struct {
	// Version of this layout; a reader refuses what is newer.
	Version int       `json:"version"`
	ID      string    `json:"id"`
	Started time.Time `json:"started"`
	// PID is the process that owns the session. It says nothing about life:
	// the lock beside the entry does.
	PID int `json:"pid"`
	// Owner is random for each owning [Manager]. Role is what its process is:
	// "serve", "up" or "".
	Owner string `json:"owner,omitempty"`
	Role  string `json:"role,omitempty"`
	// Shape stands for what of the manifest and the settings the dev workload was
	// made from: a session with another shape cannot go on with it.
	Shape string `json:"shape,omitempty"`
	// Restoring says that the holder of the lock is giving the cluster back.
	Restoring bool `json:"restoring,omitempty"`
	// Server is the API server's address: the same id means another session in
	// another cluster.
	Server string `json:"server"`
	// Control is the socket on which the owner answers other processes of the
	// same user.
	Control  string `json:"control,omitempty"`
	Manifest string `json:"manifest"`
	Dev      string `json:"dev"`
	EnvDir   string `json:"envDir"`
	// KeepFiles says that the files in EnvDir are to stay.
	KeepFiles bool `json:"keepFiles,omitempty"`
	// Command is the local command, for one who has to end what it left.
	Command process.Mark `json:"command,omitzero"`
	// Debuggers are those of the debuggers, with what they launched.
	Debuggers []process.Mark `json:"debuggers,omitempty"`
	// Record is what the cluster had before it was touched, and how to reach it.
	Record cluster.Record `json:"record"`
}

const entryVersion = 1

// journal is a folder with one file per session, each beside a lock that its
// owner holds as long as it lives. The kernel drops the lock of a process that
// dies, so a crash is told from a running owner without asking for a pid.
type journal struct{ dir string }

// DefaultStateDir is where the journal lives unless told otherwise:
// $XDG_STATE_HOME/tandem, else ~/.local/state/tandem (XDG Base Directory
// Specification), on Windows %LocalAppData%\tandem.
func DefaultStateDir() (string, error) {
	if d := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(d) {
		return filepath.Join(d, "tandem"), nil
	}
	if d := os.Getenv("LocalAppData"); d != "" && os.PathSeparator == '\\' {
		return filepath.Join(d, "tandem"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fault.Wrap(err, fault.JournalFailed, "looking for the home directory").
			Hint("set HOME, or XDG_STATE_HOME to an absolute path")
	}
	return filepath.Join(home, ".local", "state", "tandem"), nil
}

func journalDir(stateDir string) string { return filepath.Join(stateDir, "sessions") }

// exists says whether the folder is there; in doubt it is.
func (j *journal) exists() bool {
	_, err := os.Stat(j.dir)
	return !errors.Is(err, fs.ErrNotExist)
}

func openJournal(stateDir string) (*journal, error) {
	dir := journalDir(stateDir)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fault.Wrap(err, fault.JournalFailed, "creating the journal's folder %s", dir).
			Hint("without a journal a crash could leave the cluster diverted; choose another folder with --state-dir")
	}
	return &journal{dir: dir}, nil
}

var unsafeInFileName = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// base is the file name, without its ending, of a session: readable, and
// unique per cluster, namespace and dev.
func (j *journal) base(e Entry) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{e.Server, e.ID}, "\x00")))
	return filepath.Join(j.dir, unsafeInFileName.ReplaceAllString(e.ID, "_")+"-"+hex.EncodeToString(sum[:4]))
}

// page is an entry in the hands of its owner.
type page struct {
	path string
	lock *flock.Flock
}

// begin takes the lock of e's session and writes e. It fails with SessionBusy
// while another process holds it. An entry that a crash left behind is
// returned, so that its leftovers can be undone first; it is not overwritten
// until write is called.
func (j *journal) begin(e Entry) (*page, *Entry, error) {
	base := j.base(e)
	lock := flock.New(base+".lock", flock.SetPermissions(0o600))
	ok, err := lock.TryLock()
	if err != nil {
		return nil, nil, fault.Wrap(err, fault.JournalFailed, "locking the journal of %s", e.ID)
	}
	left, readErr := readEntry(base + ".json")
	if !ok {
		busy := fault.New(fault.SessionBusy, "a session %s runs already on this machine", e.ID).
			Hint("`tandem status` shows it, `tandem down %s` ends it", e.Dev)
		if left != nil {
			busy = busy.With("pid", left.PID).With("since", left.Started).With("restoring", left.Restoring)
		}
		return nil, nil, busy
	}
	if readErr != nil && !errors.Is(readErr, fs.ErrNotExist) {
		_ = lock.Unlock()
		return nil, nil, fault.Wrap(readErr, fault.JournalFailed, "reading the journal of %s", e.ID).
			Hint("%s.json is damaged; compare the cluster with it, then remove it", base)
	}
	return &page{path: base + ".json", lock: lock}, left, nil
}

// write makes the entry durable: a crash at any moment leaves the old one or
// the new one, never half of one.
func (p *page) write(e Entry) error {
	e.Version = entryVersion
	b, err := json.MarshalIndent(e, "", "  ")
	if err == nil {
		err = maybe.WriteFile(p.path, append(b, '\n'), 0o600)
	}
	if err != nil {
		return fault.Wrap(err, fault.JournalFailed, "writing the journal of %s", e.ID).
			Hint("nothing was changed in the cluster; free space or choose another folder with --state-dir")
	}
	return nil
}

// privatePath is the file beside an entry with what a successor needs and nobody
// else may read: the session's keys, and the values that were given for it.
func privatePath(entry string) string { return strings.TrimSuffix(entry, ".json") + ".private" }

// writePrivate makes it durable, readable by the user alone.
func (p *page) writePrivate(v private) error {
	b, err := json.Marshal(v)
	if err == nil {
		err = maybe.WriteFile(privatePath(p.path), b, 0o600)
	}
	if err != nil {
		return fault.Wrap(err, fault.JournalFailed, "writing what a restarted tandem needs to continue the session").
			Hint("nothing was changed in the cluster; free space or choose another folder with --state-dir")
	}
	return nil
}

// private reads it.
func (p *page) private() (v private, err error) {
	b, err := os.ReadFile(privatePath(p.path))
	if err != nil {
		return v, err
	}
	return v, json.Unmarshal(b, &v)
}

// close ends the ownership; done also removes the entry, because there is
// nothing left to give back.
//
// The lock's file stays: removing it would let a second process lock a file of
// the same name while a third still waits for the first.
func (p *page) close(done bool) error {
	var err error
	if done {
		for _, path := range []string{p.path, privatePath(p.path)} {
			if e := os.Remove(path); e != nil && !errors.Is(e, fs.ErrNotExist) {
				err = errors.Join(err, e)
			}
		}
	}
	return errors.Join(err, p.lock.Unlock())
}

// entries lists the journal, each entry with whether its owner lives. Entries
// that cannot be read come back as errors beside the others; a folder that was
// removed has none.
func (j *journal) entries() (found []foundEntry, err error) {
	files, err := os.ReadDir(j.dir) // no pattern: the folder's name may look like one
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fault.Wrap(err, fault.JournalFailed, "reading the journal %s", j.dir)
	}
	var errs []error
	for _, file := range files {
		if !strings.HasSuffix(file.Name(), ".json") {
			continue
		}
		path := filepath.Join(j.dir, file.Name())
		e, err := readEntry(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue // ended between the listing and the reading
		}
		if err != nil {
			errs = append(errs, fault.Wrap(err, fault.JournalFailed, "reading %s", path))
			continue
		}
		found = append(found, foundEntry{Entry: *e, live: held(strings.TrimSuffix(path, ".json") + ".lock")})
	}
	return found, errors.Join(errs...)
}

type foundEntry struct {
	Entry
	live bool
}

// held reports whether some process holds the lock.
func held(path string) bool {
	lock := flock.New(path, flock.SetPermissions(0o600))
	ok, err := lock.TryLock()
	if err != nil {
		return true // not ours to touch when in doubt
	}
	if ok {
		_ = lock.Unlock()
	}
	return !ok
}

func readEntry(path string) (*Entry, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var e Entry
	if err := json.Unmarshal(b, &e); err != nil {
		return nil, err
	}
	if e.Version > entryVersion {
		return nil, fault.New(fault.JournalFailed, "%s was written by a newer tandem (layout %d, this build knows %d)", path, e.Version, entryVersion)
	}
	return &e, nil
}
