// Package protocol is what an editor and Tandem say to each other, as Go types:
// every request, response, notification and error, with the JSON names that go
// over the wire. These types are the source of truth; other descriptions of the
// protocol are derived from them.
//
// The base protocol (framing, life cycle, cancellation, progress, messages) is
// the Language Server Protocol's, version 3.17, so any LSP client can attach.
// Only the parts that Tandem uses are here. On top of it come Tandem's own
// methods, in groups: manifest/…, cluster/…, session/…, env/… and
// runConfig/….
//
// # Reading the types
//
//   - A method is a constant MethodXxx; its parameters are XxxParams and its
//     result is XxxResult, or [Snapshot] where a session is the answer.
//   - A list is never null: an empty one is [].
//   - A pointer is null where there is nothing to say; a field with omitzero or
//     omitempty is absent then.
//   - A manifest is named by its file URI, as every document in LSP is. Where the
//     client names one, a plain absolute path is understood as well.
//   - A member with the tag `private` may hold the value of a variable or what a
//     command wrote; traces and transcripts leave it out ("drop") or give its
//     length ("size").
//   - A client must ignore members it does not know. Within one
//     [Version] members and methods are only ever added.
//
// # A session, seen from an editor
//
//	→ initialize {processId, rootUri, initializationOptions, capabilities}
//	← {capabilities: {experimental: {tandem: {protocolVersion, methods}}}}
//	→ initialized
//	→ session/start {manifest, dev, options: {run: true}, workDoneToken: "t"}
//	← $/progress {token: "t", value: {kind: "begin", …}}
//	← session/didChange {id, seq: 1, state: "checking", …}
//	← … one session/didChange for each change, seq 2, 3, 4 …
//	← $/progress {token: "t", value: {kind: "end", …}}
//	← {id, seq: 9, state: "ready", …}                    the answer to session/start
//	← session/output {id, stream: "stdout", text}
//	→ session/stop {id}
//	← {id, seq: 14, state: "stopped", …}
//	→ shutdown, exit
package protocol

// Version is the protocolVersion that the initialize result announces. It
// grows only when something is taken away or changes its meaning.
const Version = 1
