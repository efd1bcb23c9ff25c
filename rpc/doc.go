// Package rpc is the endpoint that editors speak to: JSON-RPC 2.0 in the
// framing and the life cycle of the Language Server Protocol, on one pair of
// streams. It holds no state of its own about the world; it turns messages
// into calls of [Sessions] and what happens there into messages. The messages
// are the types of rpc/protocol.
//
//	out, err := rpc.ClaimStdout() // before anything can print
//	s := rpc.NewServer(rpc.Config{
//		Version: version,
//		Log:     os.Stderr,
//		Sessions: func(ctx context.Context, u rpc.Setup) (rpc.Sessions, error) {
//			return session.NewManager(session.Config{Observer: u.Observer, Logger: u.Logger, …})
//		},
//	})
//	code, err := s.Serve(ctx, os.Stdin, out)
//
// # The way of a message
//
//	bytes ─ frameReader ─ checkFrame ─ jsonrpc2.Conn ─ Server.handle ─ method's handler ─ Sessions
//	          bounded       answers      correlates      life cycle,      session.go,
//	          header,       -32700 and   ids, batches    tracing,         env.go, …
//	          body          -32600                       cancellation
//
//	bytes ◄ outbox ◄ answers from the connection, notifications from the observer
//
// The connection (go.lsp.dev/jsonrpc2) is fast and trusting; [stream] stands
// before it and lets through only what it handles well. A frame that is
// malformed or too large costs one error answer, with id null. Only input whose
// framing is broken ends the connection, because the next frame cannot be found.
//
// # Order
//
// Messages arrive in one order, that of the wire. What decides about later
// messages happens there and then, on the reading goroutine: the life cycle
// moves on with initialize and shutdown, ids become known to $/cancelRequest,
// notifications take effect. Everything else of a call runs beside other calls.
// The order of what happens to one session is the session's own business.
//
// On the way out there is one queue. Nothing is sent before the answer to
// initialize, and whatever was queued first is written first: a session's
// changes are seen in the order in which they happened.
//
// # A client that does not read
//
// No session ever waits for a client. Answers, snapshots and progress are
// queued without fail; when 64 MiB of them are waiting the client has been
// deaf for long, and the server ends as it does at the end of its input. Output
// of commands, log lines and traces are left out while more than 1 MiB is
// waiting; for output the client is told how much it missed. The log is written
// by a [LogSink], so that a standard error that nobody reads holds nobody up.
//
// # Transcripts
//
// A [Transcript] records what the stream lets through and the outbox writes,
// with what rpc/protocol marks as private left out ([keptForm], which traces use
// as well). [Replay] plays the server's side of one to a client. docs/transcripts
// has conversations that the tests hold this server to.
//
// # Every call is answered once
//
// A call is in flight from its frame until its answer is queued. Until then
// its id is taken, and $/cancelRequest can reach it, even before its handler
// has begun. A cancelled call answers with -32800 as soon as its handler
// returns, or with its result where that was ready. A panic in a handler is that
// call's -32603. When the server ends, calls in flight are cancelled (-32802) and
// answered before the output is closed.
//
// # Goroutines
//
//   - The feeder copies the input into a pipe, so that the reader can be
//     interrupted. It ends with the input; a read that the system cannot
//     interrupt keeps it until the process ends. Started by [Server.Serve].
//   - The reader is the connection's: it reads frames and starts handlers. Each
//     call takes the goroutine that read it, and a new reader goes on. It ends
//     when Serve closes the stream.
//   - One goroutine for each call in flight, which ends with its handler.
//   - The writer ([outbox.run]) alone writes the output. It ends when the outbox
//     is closed and empty, or a write fails; a write that blocks for ever keeps
//     it until the process ends. Started by Serve.
//   - The parent's watch polls the client's process; it ends with Serve.
//   - One for each progress that the server asks the client to make room for;
//     it ends before the request that it is for is answered.
//   - The log's sink writes the log ([LogSink.run]). It ends with Serve, or with a
//     write that nobody reads.
//   - One for each open manifest publishes its diagnostics ([documents.publish]); it
//     ends when the document is closed. One for each question to a cluster about a
//     place that a manifest names, and one while such a place is being written
//     ([facts]). One for each kind of refresh, and one for each question to the
//     user that no request waits for. All end with the server.
//   - One closes the sessions, at shutdown or at the end; Serve waits for it.
//
// Whoever ends the server calls end; Serve alone takes things down, in this
// order: calls cancelled, sessions closed, calls answered, queue written, streams
// closed.
package rpc
