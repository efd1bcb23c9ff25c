package rpc

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/rs/zerolog"

	"github.com/tandem-dev/tandem/rpc/protocol"
)

// logTo makes the logger that writes to w, through a sink unless it never waits, and
// to the client. It is called before Serve.
func (s *Server) logTo(w io.Writer) {
	s.sink = nil
	if _, ok := w.(interface{ NeverWaits() }); !ok {
		s.sink = newLogSink(w)
		w = s.sink
	}
	s.logger = zerolog.New(zerolog.MultiLevelWriter(w, clientLog{s})).
		Level(zerolog.TraceLevel).Sample(&s.level).With().Timestamp().Logger()
}

// log is the server's logger.
func (s *Server) log() *zerolog.Logger { return &s.logger }

// clientLog sends log events of level info and above to the client as
// window/logMessage. They are offered: a client that is behind misses some,
// the server's own log has them all.
type clientLog struct{ s *Server }

// Write makes clientLog a writer; an event without a level is not for the client.
func (clientLog) Write(event []byte) (int, error) { return len(event), nil }

// WriteLevel takes one event as JSON.
func (c clientLog) WriteLevel(level zerolog.Level, event []byte) (int, error) {
	var severity protocol.MessageType
	switch level {
	case zerolog.InfoLevel:
		severity = protocol.MessageInfo
	case zerolog.WarnLevel:
		severity = protocol.MessageWarning
	case zerolog.ErrorLevel, zerolog.FatalLevel, zerolog.PanicLevel:
		severity = protocol.MessageError
	default:
		return len(event), nil
	}
	c.s.offer(protocol.MethodLogMessage, protocol.LogMessageParams{Type: severity, Message: logLine(event)})
	return len(event), nil
}

// logLine words an event for a reader: the message, the error, then the other
// fields by name. The time is left out, the client has its own, and so is a
// stack, which is for the log.
func logLine(event []byte) string {
	var fields map[string]any
	if err := json.Unmarshal(event, &fields); err != nil {
		return strings.TrimSpace(string(event))
	}
	var b strings.Builder
	if m, ok := fields[zerolog.MessageFieldName].(string); ok {
		b.WriteString(m)
	}
	if e, ok := fields[zerolog.ErrorFieldName].(string); ok {
		fmt.Fprintf(&b, ": %s", e)
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		switch name {
		case zerolog.MessageFieldName, zerolog.ErrorFieldName, zerolog.LevelFieldName, zerolog.TimestampFieldName, "stack":
		default:
			fmt.Fprintf(&b, " %s=%v", name, fields[name])
		}
	}
	return b.String()
}
