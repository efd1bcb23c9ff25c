package rpc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
	"go.lsp.dev/jsonrpc2"

	"github.com/tandem-dev/tandem/manifest"
	"github.com/tandem-dev/tandem/rpc/protocol"
	"github.com/tandem-dev/tandem/session"
)

// Defaults and limits of a server's end.
const (
	// answerTimeout bounds the wait for calls that were cancelled.
	answerTimeout = 5 * time.Second
	// flushTimeout bounds the wait for a client to read what is still queued.
	flushTimeout = 2 * time.Second
	// parentPoll is how often the client's process is looked at; the end of
	// input tells of its death at once in most cases.
	parentPoll = 3 * time.Second
)

// Config is what a server is made of.
type Config struct {
	// Sessions makes the sessions once the client has sent its settings.
	Sessions Factory
	// Version of this build, for serverInfo.
	Version string
	// Log receives the log as JSON lines (a [zerolog.ConsoleWriter] makes them
	// readable); nil discards it. The client gets "info" and above as
	// window/logMessage in any case. It may block: a [LogSink] stands before it,
	// unless it has a method NeverWaits, as a sink has. It must not be what Serve writes to.
	Log io.Writer
	// LogLevel is the least level that is logged where the client names none; ""
	// is "info".
	LogLevel string
	// Record, where not nil, gets the conversation. The caller closes it.
	Record *Transcript
	// Token, where not "", is what the client must show as
	// initializationOptions.token; for connections that others of this machine
	// could make, too.
	Token string
	// ClientProcessID, where not 0, is a process at whose end the server ends.
	// The client may name another one in initialize.
	ClientProcessID int
}

// Factory makes the sessions of a server. It is called once for each
// initialize that it lets succeed, and must be quick: it may not wait for the
// cluster. The context ends with the initialize request.
type Factory func(ctx context.Context, s Setup) (Sessions, error)

// Setup is what a Factory needs to know.
type Setup struct {
	// Options as the client sent them; checked, with nothing filled in.
	Options protocol.InitializationOptions
	// Root is the folder of the workspace, "" where the client has none open.
	Root string
	// Observer must hear of every session.
	Observer session.Observer
	// Logger logs to Config.Log and to the client.
	Logger zerolog.Logger
}

// Server serves one client over one pair of streams. The package's
// documentation has its goroutines and its life.
type Server struct {
	config     Config
	methods    map[string]handler
	parentPoll time.Duration

	out    *outbox
	calls  *calls
	stream *stream
	conn   jsonrpc2.Conn

	// base is the parent of every call's context; it carries the values of
	// Serve's context, but ends with Serve only.
	base context.Context
	// background counts what Serve waits for beside the connection: the
	// parent's watch, progresses being created, the sessions being closed.
	background sync.WaitGroup

	logger zerolog.Logger
	level  levelGate
	sink   *LogSink // before Config.Log; nil where that is one

	// What the language of manifests needs.
	documents         *documents
	facts             *facts
	lenses            lenses
	lensRefresh       refresher
	diagnosticRefresh refresher

	trace atomic.Value // protocol.TraceValue

	mu       sync.Mutex
	phase    phase
	client   protocol.InitializeParams
	sessions Sessions                       // nil before initialize, and never changed after
	wasReady map[string]bool                // ids of sessions whose failure is news to the user
	dropped  map[string]int64               // bytes of output that the client missed, by session
	progress map[protocol.Token]jsonrpc2.ID // the request that a token's cancel button cancels
	tokens   int                            // progress tokens made by the server

	// runConfigs is held while run configurations are planned and written.
	runConfigs sync.Mutex

	closeOnce sync.Once
	closed    chan struct{} // the sessions are closed
	closeErr  error         // read after closed

	endOnce sync.Once
	ending  chan struct{} // closed by end
	code    int           // read after ending
	err     error         // read after ending
}

// NewServer makes a server that serves once.
func NewServer(c Config) *Server {
	if c.Log == nil {
		c.Log = io.Discard
	}
	s := &Server{
		config:     c,
		calls:      newCalls(),
		parentPoll: parentPoll,
		wasReady:   map[string]bool{},
		dropped:    map[string]int64{},
		progress:   map[protocol.Token]jsonrpc2.ID{},
		closed:     make(chan struct{}),
		ending:     make(chan struct{}),
	}
	s.documents, s.facts = newDocuments(s), &facts{s: s, at: map[manifest.Place]*known{}}
	s.lensRefresh = refresher{s: s, method: protocol.MethodCodeLensRefresh}
	s.diagnosticRefresh = refresher{s: s, method: protocol.MethodDiagnosticRefresh}
	s.methods = s.table()
	maps.Copy(s.methods, s.languageTable())
	s.trace.Store(protocol.TraceOff)
	s.out = newOutbox(c.Record, func(err error) { s.end(1, fmt.Errorf("writing to the client: %w", err)) })
	s.level.set(zerolog.InfoLevel)
	s.logTo(c.Log)
	return s
}

// Serve speaks with the client until it sends exit, its input or its process
// ends, ctx is cancelled, or the connection breaks; in each case the sessions
// have been stopped before Serve returns.
//
// The code is the process's exit code. It is 1 for an exit without a shutdown
// and for a broken connection, and 0 otherwise. An error says how the
// connection broke.
//
// Where in is an [io.Closer] it is closed at the end, which frees the goroutine
// that reads it; a read that the system cannot interrupt, such as one from a
// terminal, lasts until the process ends, and so does a write to a client that
// does not read. Serve waits for neither.
func (s *Server) Serve(ctx context.Context, in io.Reader, out io.Writer) (code int, err error) {
	base, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(errServerEnding)
	s.base = base

	// A pipe stands between the input and its reader, so that the reader can be
	// interrupted whatever the input is.
	reader, feeder := io.Pipe()
	go func() {
		_, err := io.Copy(feeder, in)
		feeder.CloseWithError(err)
	}()
	go s.out.run(out)
	if s.sink != nil {
		go s.sink.run()
		defer s.sink.Close(flushTimeout)
	}

	s.stream = newStream(reader, s.out, s.calls, s.inputEnded)
	s.stream.record = s.config.Record
	s.conn = jsonrpc2.NewConn(s.stream)
	s.conn.Go(base, s.handle)
	if pid := s.config.ClientProcessID; pid != 0 {
		s.watchParent(pid)
	}

	select {
	case <-s.ending:
	case <-ctx.Done():
		s.end(0, nil)
	}

	s.calls.cancelAll(errServerEnding, jsonrpc2.ID{})
	if err := s.closeSessions(base); err != nil {
		s.log().Error().Err(err).Msg("sessions were not ended in full; `tandem down` restores what is left")
	}
	wait, done := context.WithTimeout(base, answerTimeout)
	s.calls.wait(wait)
	done()

	s.out.close()
	select {
	case <-s.out.done:
	case <-time.After(flushTimeout):
	}

	// Nothing of what comes now is answered.
	_ = s.stream.Close()
	_ = reader.Close()
	if c, ok := in.(io.Closer); ok {
		_ = c.Close()
	}
	cancel(errServerEnding)
	select {
	case <-s.conn.Done():
		s.background.Wait()
	case <-time.After(answerTimeout):
		s.log().Error().Msg("a request does not end although it was cancelled")
	}
	return s.code, s.err
}

// end makes Serve return; the first reason counts.
func (s *Server) end(code int, err error) {
	s.endOnce.Do(func() {
		s.code, s.err = code, err
		close(s.ending)
	})
}

// inputEnded hears from the stream why there is no more input.
func (s *Server) inputEnded(err error) {
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrClosedPipe):
		s.end(0, nil)
	default:
		s.end(1, fmt.Errorf("reading from the client: %w", err))
	}
}

// closeSessions stops every session, once, and returns when that is done or
// ctx ends. The work goes on even so: the sessions bound their own repair of
// the cluster, and nothing here must cut it short.
func (s *Server) closeSessions(ctx context.Context) error {
	s.mu.Lock()
	sessions := s.sessions
	s.mu.Unlock()
	if sessions == nil {
		return nil
	}
	s.closeOnce.Do(func() {
		s.background.Go(func() {
			defer close(s.closed)
			s.closeErr = protect(s.log(), "closing the sessions", func() error {
				return sessions.Close(context.WithoutCancel(s.base))
			})
		})
	})
	select {
	case <-s.closed:
		return s.closeErr
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// isEnding says that the end has begun.
func (s *Server) isEnding() bool {
	select {
	case <-s.ending:
		return true
	default:
		return false
	}
}

// notify sends a notification that is never left out.
func (s *Server) notify(method string, params any) {
	s.send(method, params, s.out.notify)
}

// offer sends a notification unless the client is behind, and says whether it did.
func (s *Server) offer(method string, params any) bool {
	sent := false
	s.send(method, params, func(frame []byte) error {
		sent = s.out.offer(frame)
		return nil
	})
	return sent
}

// send encodes a notification and queues it. The connection's own Notify is
// passed over: it refuses to send once the input has ended, when a client may
// still be reading how its sessions end.
func (s *Server) send(method string, params any, queue func([]byte) error) {
	raw, err := encode(params)
	if err != nil {
		s.log().Error().Err(err).Str("method", method).Msg("encoding a notification")
		return
	}
	s.traceSent(method, raw)
	// A queue that refuses has ended the server already.
	_ = queue(appendFrame(nil, jsonrpc2.AppendNotification(nil, method, jsonrpc2.RawMessage(raw))))
}
