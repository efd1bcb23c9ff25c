package keep

import (
	"encoding/json"
	"io"
	"slices"
	"sync"

	"github.com/rs/zerolog"

	"github.com/tandem-dev/tandem/session"
)

// listener is what one connection wants to hear.
type listener struct {
	session.Observer
	log zerolog.Logger
}

// fan is the one observer of an engine: it tells every connection. Like every
// observer it never waits; nor does a connection's.
type fan struct {
	// alone takes the log while nobody is connected; it may be nil.
	alone io.Writer

	mu        sync.Mutex
	listeners []*listener
}

// join adds a listener and tells it of the sessions that there are, so that it
// knows what it may hear more of. The returned function lets it leave.
func (f *fan) join(l listener, sessions func() []session.Snapshot) (leave func()) {
	f.mu.Lock()
	f.listeners = append(f.listeners, &l)
	f.mu.Unlock()
	// After the listener is in: a change in between is told twice rather than
	// not at all, and the snapshot that was overtaken has the lower seq.
	for _, s := range sessions() {
		l.SessionChanged(s)
	}
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.listeners = slices.DeleteFunc(f.listeners, func(o *listener) bool { return o == &l })
	}
}

// each holds the lock while it tells, so that all hear in the same order.
func (f *fan) each(tell func(*listener)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, l := range f.listeners {
		tell(l)
	}
}

// SessionChanged implements session.Observer, as do the next ones.
func (f *fan) SessionChanged(s session.Snapshot) { f.each(func(l *listener) { l.SessionChanged(s) }) }

// SessionOutput is lost while nobody is connected, as it is with a client that
// does not read.
func (f *fan) SessionOutput(id, stream, text string) {
	f.each(func(l *listener) { l.SessionOutput(id, stream, text) })
}

// EnvChanged tells every connection.
func (f *fan) EnvChanged(c session.EnvChange) { f.each(func(l *listener) { l.EnvChanged(c) }) }

// Write makes a fan the writer of the engine's logger.
func (f *fan) Write(event []byte) (int, error) { return f.WriteLevel(zerolog.NoLevel, event) }

// WriteLevel hands one event to each connection's logger, which has its own
// level and knows the way to its client and to the log.
func (f *fan) WriteLevel(level zerolog.Level, event []byte) (int, error) {
	f.mu.Lock()
	lonely := len(f.listeners) == 0
	f.mu.Unlock()
	if lonely && f.alone != nil {
		return f.alone.Write(event)
	}
	var fields map[string]any
	if err := json.Unmarshal(event, &fields); err != nil {
		return len(event), nil
	}
	message, _ := fields[zerolog.MessageFieldName].(string)
	for _, own := range []string{zerolog.MessageFieldName, zerolog.LevelFieldName, zerolog.TimestampFieldName} {
		delete(fields, own)
	}
	f.each(func(l *listener) { l.log.WithLevel(level).Fields(fields).Msg(message) })
	return len(event), nil
}

var _ session.Observer = (*fan)(nil)
