package rpc

import (
	"encoding/json"
	"sync/atomic"

	"github.com/rs/zerolog"

	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/rpc/protocol"
)

// levelGate is the least level that is logged. Every logger that was ever made
// from the server's asks it, so a change reaches running sessions, too. It is a
// sampler because zerolog asks that before it makes an event.
type levelGate struct{ least atomic.Int32 }

func (g *levelGate) set(l zerolog.Level) { g.least.Store(int32(l)) }

// Sample says whether an event of the level is logged.
func (g *levelGate) Sample(l zerolog.Level) bool { return int32(l) >= g.least.Load() }

// parseLevel reads a log level of the protocol; "" is "info".
func parseLevel(name string) (zerolog.Level, error) {
	switch name {
	case "":
		return zerolog.InfoLevel, nil
	case "trace", "debug", "info", "warn", "error":
		return zerolog.ParseLevel(name)
	}
	return 0, fault.New(fault.InvalidParams, "unknown logLevel %q", name).Hint("trace, debug, info, warn or error")
}

// changeConfiguration takes the settings that may change at run time
// (workspace/didChangeConfiguration). Others have their effect with the next start.
func (s *Server) changeConfiguration(params json.RawMessage) error {
	var p protocol.DidChangeConfigurationParams
	if err := decode(params, &p); err != nil {
		return err
	}
	if p.Settings.Tandem.LogLevel == "" {
		return nil // settings of somebody else, or none of these
	}
	level, err := parseLevel(p.Settings.Tandem.LogLevel)
	if err != nil {
		return err
	}
	s.level.set(level)
	s.log().Info().Str("logLevel", level.String()).Msg("log level changed")
	return nil
}
