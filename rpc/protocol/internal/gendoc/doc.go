// Package gendoc writes docs/protocol.md from the types of rpc/protocol: their
// Go comments become the text, their JSON tags the names.
//
//	go test ./rpc/protocol/internal/gendoc -update
//
// What no type can say stands here as tables: who sends which message and when
// (messages.go), and what a user does about each kind of failure (kinds.go). The
// test of this package fails where a method or a kind is missing from them, where
// an example does not fit its type, and where the file on disk is stale.
package gendoc
