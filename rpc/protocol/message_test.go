package protocol

import (
	"slices"
	"testing"
)

func TestOwnMethods(t *testing.T) {
	for method, want := range map[string]bool{
		"initialize": false, "shutdown": false, "$/cancelRequest": false, "textDocument/hover": false,
		"window/logMessage": false, "session/start": true, "manifest/list": true, "env/didChange": true,
	} {
		if got := (Message{Method: method}).Own(); got != want {
			t.Errorf("%s: own is %t", method, got)
		}
	}
	calls := OwnMethods(FromClient, true)
	if !slices.IsSorted(calls) || !slices.Contains(calls, MethodSessionStart) || slices.Contains(calls, MethodInitialize) {
		t.Errorf("own requests are %v", calls)
	}
	if tells := OwnMethods(FromServer, false); !slices.Contains(tells, MethodSessionDidChange) || slices.Contains(tells, MethodProgress) {
		t.Errorf("own notifications are %v", tells)
	}
}

func TestNoMessageTwice(t *testing.T) {
	seen := map[string]bool{}
	for _, m := range Messages() {
		if seen[m.Method] {
			t.Errorf("%s is listed twice", m.Method)
		}
		seen[m.Method] = true
	}
}
