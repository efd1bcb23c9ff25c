package protocol

import (
	"slices"
	"strings"
)

// Sender is who sends a message.
type Sender string

// The two ends.
const (
	FromClient Sender = "client"
	FromServer Sender = "server"
)

// Message is one message of the protocol by its method.
type Message struct {
	Method string
	From   Sender
	// Call says that the receiver answers; else it is a notification.
	Call bool
	// Params and Result are zero values of their types, nil for none.
	Params, Result any
}

// Messages lists every message of the protocol in the order of the reference.
func Messages() []Message { return slices.Clone(messages) }

// Own says that a message is Tandem's own and goes beyond LSP. LSP's methods
// have no slash, or begin with one of its namespaces.
func (m Message) Own() bool {
	namespace, _, found := strings.Cut(m.Method, "/")
	return found && !slices.Contains(lspNamespaces, namespace)
}

// lspNamespaces begin the methods of LSP 3.17; a method of Tandem's must not.
var lspNamespaces = []string{
	"$", "callHierarchy", "client", "codeAction", "codeLens", "completionItem", "documentLink", "inlayHint",
	"notebookDocument", "telemetry", "textDocument", "typeHierarchy", "window", "workspace", "workspaceSymbol",
}

// OwnMethods lists the methods of the messages of one kind that are Tandem's own, sorted.
func OwnMethods(from Sender, call bool) []string {
	own := []string{}
	for _, m := range messages {
		if m.From == from && m.Call == call && m.Own() {
			own = append(own, m.Method)
		}
	}
	slices.Sort(own)
	return own
}
