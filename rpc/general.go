package rpc

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"strings"

	"github.com/rs/zerolog"
	"go.lsp.dev/jsonrpc2"

	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/rpc/protocol"
)

// phase is where the server stands in LSP's life cycle:
//
//	created ─ initialize ─► initializing ─ answered ─► running ─ shutdown ─► shutDown ─ exit
//	   ▲                         │
//	   └──────── failed ─────────┘
type phase int

const (
	created phase = iota
	initializing
	running
	shutDown
)

// table has a handler for every request of protocol.Messages that a client sends.
func (s *Server) table() map[string]handler {
	return map[string]handler{
		protocol.MethodInitialize: method(s.initialize),
		protocol.MethodShutdown:   method(s.shutdown),

		protocol.MethodManifestList:   method(s.manifestList),
		protocol.MethodClusterDoctor:  method(s.clusterDoctor),
		protocol.MethodSessionPlan:    method(s.sessionPlan),
		protocol.MethodSessionStart:   method(s.sessionStart),
		protocol.MethodSessionStop:    method(s.sessionStop),
		protocol.MethodSessionList:    method(s.sessionList),
		protocol.MethodSessionGet:     method(s.sessionGet),
		protocol.MethodSessionRestart: method(s.sessionRestart),
		protocol.MethodSessionRecover: method(s.sessionRecover),
		protocol.MethodEnvResolve:     method(s.envResolve),
		protocol.MethodEnvExplain:     method(s.envExplain),
		protocol.MethodEnvWrite:       method(s.envWrite),

		protocol.MethodRunConfigPlan:       method(s.runConfigPlan),
		protocol.MethodRunConfigWrite:      method(s.runConfigWrite),
		protocol.MethodRunConfigRemove:     method(s.runConfigRemove),
		protocol.MethodDebugConfigurations: method(s.debugConfigurations),
		protocol.MethodDebugStart:          method(s.debugStart),
		protocol.MethodDebugStop:           method(s.debugStop),
		protocol.MethodTunnelOpen:          method(s.tunnelOpen),
		protocol.MethodTunnelClose:         method(s.tunnelClose),
	}
}

// admit moves the life cycle on with a call that arrives, or refuses it.
func (s *Server) admit(method string) *jsonrpc2.Error {
	s.mu.Lock()
	defer s.mu.Unlock()
	refuse := func(code protocol.ErrorCode, text string) *jsonrpc2.Error {
		return jsonrpc2.NewError(jsonrpc2.Code(code), method+": "+text)
	}
	switch s.phase {
	case created:
		if method != protocol.MethodInitialize {
			return refuse(protocol.CodeServerNotInitialized, "the server is not initialized")
		}
		s.phase = initializing
	case initializing:
		if method != protocol.MethodInitialize {
			return refuse(protocol.CodeServerNotInitialized, "the server is still initializing")
		}
		return refuse(protocol.CodeInvalidRequest, "the server is initializing already")
	case running:
		switch method {
		case protocol.MethodInitialize:
			return refuse(protocol.CodeInvalidRequest, "the server is initialized already")
		case protocol.MethodShutdown:
			s.phase = shutDown
		}
	case shutDown:
		return refuse(protocol.CodeInvalidRequest, "the server is shut down")
	}
	return nil
}

// reopen lets a client whose initialize has failed, in whatever way, try again.
func (s *Server) reopen() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.phase == initializing {
		s.phase = created
	}
}

// initialize takes the client's settings and makes the sessions. Where it
// fails the client may try again.
func (s *Server) initialize(ctx context.Context, r *request, p protocol.InitializeParams) (*protocol.InitializeResult, error) {
	if err := s.open(ctx, r, p); err != nil {
		return nil, err
	}
	capabilities := s.languageCapabilities(p.Capabilities)
	capabilities.Experimental = protocol.Experimental{Tandem: protocol.TandemCapabilities{
		ProtocolVersion: protocol.Version,
		Methods:         protocol.OwnMethods(protocol.FromClient, true),
		Notifications:   protocol.OwnMethods(protocol.FromServer, false),
	}}
	return &protocol.InitializeResult{
		Capabilities: capabilities,
		ServerInfo:   protocol.Info{Name: "tandem", Version: s.config.Version},
	}, nil
}

func (s *Server) open(ctx context.Context, r *request, p protocol.InitializeParams) error {
	level, err := checkOptions(p, s.config.LogLevel)
	if err != nil {
		return err
	}
	if subtle.ConstantTimeCompare([]byte(p.Options.Token), []byte(s.config.Token)) != 1 && s.config.Token != "" {
		// The answer goes out before the end does.
		s.end(1, fault.New(fault.InvalidParams, "a client came with a wrong token, or without one"))
		return jsonrpc2.Errorf(jsonrpc2.Code(protocol.CodeInvalidParams), "initializationOptions.token is not the one that the server printed")
	}
	root := ""
	roots, err := workspaceRoots(p)
	if err != nil {
		return err
	}
	if len(roots) > 0 {
		root = roots[0]
	}
	s.level.set(level)
	var sessions Sessions
	err = protect(s.log(), "opening the sessions", func() error {
		sessions, err = s.config.Sessions(ctx, Setup{Options: p.Options, Root: root, Observer: observer{s}, Logger: *s.log()})
		return err
	})
	if err != nil {
		return err
	}

	s.documents.settle(p.Capabilities)
	s.mu.Lock()
	late := s.isEnding()
	if !late {
		s.sessions, s.client, s.phase = sessions, p, running
	}
	s.mu.Unlock()
	if late {
		// The end did not see these sessions.
		if err := sessions.Close(context.WithoutCancel(ctx)); err != nil {
			s.log().Error().Err(err).Msg("closing the sessions")
		}
		return errServerEnding
	}
	s.stream.openWith(r.id)
	if p.Trace != "" {
		s.trace.Store(p.Trace)
	}
	if p.ProcessID != nil {
		s.watchParent(*p.ProcessID)
	}
	who := s.log().Info().Str("version", s.config.Version)
	if p.ClientInfo != nil {
		who = who.Str("client", strings.TrimSpace(p.ClientInfo.Name+" "+p.ClientInfo.Version))
	}
	who.Msg("tandem serves")
	return nil
}

// checkOptions refuses settings that have no meaning and returns the log level.
func checkOptions(p protocol.InitializeParams, defaultLevel string) (zerolog.Level, error) {
	switch p.Options.EnvPrecedence {
	case "", protocol.PrecedenceDocumented, protocol.PrecedenceKubelet:
	default:
		return 0, fault.New(fault.InvalidParams, "unknown envPrecedence %q", p.Options.EnvPrecedence).
			Hint("%q or %q", protocol.PrecedenceDocumented, protocol.PrecedenceKubelet)
	}
	switch p.Options.RewriteHosts {
	case "", protocol.RewriteOff, protocol.RewriteSuggest, protocol.RewriteOn:
	default:
		return 0, fault.New(fault.InvalidParams, "unknown rewriteHosts %q", p.Options.RewriteHosts).
			Hint("%q, %q or %q", protocol.RewriteOff, protocol.RewriteSuggest, protocol.RewriteOn)
	}
	switch p.Options.DataPlane {
	case "", protocol.DataPlaneAuto, protocol.DataPlaneSSH, protocol.DataPlaneDirect:
	default:
		return 0, fault.New(fault.InvalidParams, "unknown dataPlane %q", p.Options.DataPlane).
			Hint("%q, %q or %q", protocol.DataPlaneAuto, protocol.DataPlaneSSH, protocol.DataPlaneDirect)
	}
	if err := mergePolicy(p.Options.Env).Check(); err != nil {
		return 0, err
	}
	if p.Trace != "" && !knownTrace(p.Trace) {
		return 0, fault.New(fault.InvalidParams, "unknown trace %q", p.Trace).Hint("off, messages or verbose")
	}
	level := p.Options.LogLevel
	if level == "" {
		level = defaultLevel
	}
	return parseLevel(level)
}

// shutdown ends every session and answers once the cluster is as it was. Other
// calls in flight are cancelled.
func (s *Server) shutdown(ctx context.Context, r *request, _ struct{}) (any, error) {
	s.calls.cancelAll(errServerEnding, r.id)
	return nil, s.closeSessions(ctx)
}

// exit ends the server.
func (s *Server) exit() error {
	s.mu.Lock()
	code := 1
	if s.phase == shutDown {
		code = 0
	}
	s.mu.Unlock()
	s.end(code, nil)
	return nil
}

// cancelRequest cancels one call, which is answered all the same.
func (s *Server) cancelRequest(params json.RawMessage) error {
	var p protocol.CancelParams
	if err := decode(params, &p); err != nil {
		return err
	}
	if n, ok := p.ID.Number(); ok {
		s.calls.cancel(jsonrpc2.NewNumberID(n), errClientCancelled)
	}
	if text, ok := p.ID.Text(); ok {
		s.calls.cancel(jsonrpc2.NewStringID(text), errClientCancelled)
	}
	return nil
}
