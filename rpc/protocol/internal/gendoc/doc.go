// Package gendoc derives from the types of rpc/protocol everything else that
// describes the protocol: their Go comments become the text, their JSON tags the
// names.
//
//	go test ./rpc/protocol/internal/gendoc -update
//
// writes
//
//	docs/protocol.md                     the reference                   render.go
//	docs/protocol.schema.json            a JSON Schema of every message  schema.go
//	extensions/vscode/src/protocol.ts    the types for TypeScript        typescript.go
//	e2e/clients/node/examples.ts         the examples, for a compiler    typescript.go
//	rpc/protocol/messages.go             the methods, for the server     table.go
//
// What no type can say stands here as tables: who sends which message and when
// (messages.go), and what a user does about each kind of failure (kinds.go). The
// tests of this package fail where a method or a kind is missing from them, where
// an example does not fit its type or the schema, and where a file on disk is stale.
//
// # A new method
//
// Add its constant MethodXxx and its types to rpc/protocol, each with a comment;
// one message with examples to a group of messages.go; its handler to rpc. Then
// run the line above: what a type reaches is written down by itself.
package gendoc
