package traffic

import (
	"fmt"
	"slices"
	"sync"
	"time"
)

// Account is what became of the load so far.
type Account struct {
	// Requests are those that ended; Failed those of them without a good answer.
	Requests int `json:"requests"`
	Failed   int `json:"failed"`
	// LastFailure is the text of the latest failure.
	LastFailure string `json:"lastFailure,omitempty"`
	// Who answered the latest good request, and Steady since when every request
	// has been answered well by that side; zero while the latest has failed.
	Who    Who       `json:"who"`
	Steady time.Time `json:"steady,omitzero"`
	// SteadyFor is how many answers that are.
	SteadyFor int `json:"steadyFor"`
	// Gap is the longest time between two good answers.
	Gap time.Duration `json:"gap"`

	// Streams were opened; Broken of them were cut in a way that shows (reset, a
	// dial that failed does not count as a stream).
	Streams int `json:"streams"`
	Broken  int `json:"broken"`
	// Truncated streams ended in the middle as if they were complete, Corrupt ones
	// had other bytes than were sent, Missing ones lacked bytes at their end.
	Truncated int `json:"truncated"`
	Corrupt   int `json:"corrupt"`
	Missing   int `json:"missing"`
	// Bytes went there and came back, compared.
	Bytes int64 `json:"bytes"`
	// StreamSteady is since when every stream is open and moves.
	StreamSteady time.Time `json:"streamSteady,omitzero"`
	// Standing are the local addresses of streams that do not move.
	Standing []string `json:"standing,omitempty"`
	// LastBreak is what broke the latest stream.
	LastBreak string `json:"lastBreak,omitempty"`
	// IdleBroken says that the idle connection did not live to the end.
	IdleBroken bool `json:"idleBroken"`
}

// Lost is how many streams lost data without saying so.
func (a Account) Lost() int { return a.Truncated + a.Corrupt + a.Missing }

// Who answered.
type Who struct {
	Where string `json:"where"`
	Host  string `json:"host"`
	PID   int    `json:"pid"`
}

// sameSide says that a change from one to the other is none: of a workload's pods
// any may answer, of the developer's processes only the one.
func (w Who) sameSide(other Who) bool {
	return w.Where == other.Where && (w.Where != Local || w.PID == other.PID)
}

// Local is what the developer's process calls itself.
const Local = "local"

// book is an Account that is being written. Its methods may be called from
// several goroutines.
type book struct {
	mu       sync.Mutex
	a        Account
	lastGood time.Time
	moving   []time.Time // per stream: since when it moves, zero while it does not
	at       []string    // per stream: its local address, "" while it is not open
}

func (b *book) good(who Who) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	b.a.Requests++
	if !b.lastGood.IsZero() {
		b.a.Gap = max(b.a.Gap, now.Sub(b.lastGood))
	}
	b.lastGood = now
	if b.a.Steady.IsZero() || !b.a.Who.sameSide(who) {
		b.a.Steady, b.a.SteadyFor = now, 0
	}
	b.a.Who = who
	b.a.SteadyFor++
}

// failed notes a request that failed. One that began before the present flow, and
// hung since, proves nothing about it.
func (b *book) failed(began time.Time, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.a.Requests++
	b.a.Failed++
	b.a.LastFailure = err.Error()
	if began.After(b.a.Steady) {
		b.a.Steady, b.a.SteadyFor = time.Time{}, 0
	}
}

func (b *book) opened(stream int, address string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.a.Streams++
	b.at[stream] = address
}

func (b *book) moved(stream int, bytes int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.a.Bytes += int64(bytes)
	if b.moving[stream].IsZero() {
		b.moving[stream] = time.Now()
	}
}

// stands notes that a stream does not move.
func (b *book) stands(stream int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.moving[stream] = time.Time{}
}

// ended notes the end of a stream; nil is a good one.
func (b *book) ended(stream int, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.moving[stream], b.at[stream] = time.Time{}, ""
	if err == nil {
		return
	}
	b.a.LastBreak = err.Error()
	switch err {
	case errTruncated:
		b.a.Truncated++
	case errCorrupt:
		b.a.Corrupt++
	case errMissing:
		b.a.Missing++
	default:
		b.a.Broken++
	}
}

func (b *book) idleBroke() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.a.IdleBroken = true
}

func (b *book) account() Account {
	b.mu.Lock()
	defer b.mu.Unlock()
	a := b.a
	if !slices.ContainsFunc(b.moving, time.Time.IsZero) && len(b.moving) > 0 {
		a.StreamSteady = slices.MaxFunc(b.moving, time.Time.Compare)
	}
	for n, since := range b.moving {
		if since.IsZero() {
			a.Standing = append(a.Standing, fmt.Sprintf("stream %d %s", n, b.at[n]))
		}
	}
	return a
}
