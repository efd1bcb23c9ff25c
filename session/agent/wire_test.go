package agent

import (
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
	"pgregory.net/rapid"
)

func FuzzParseForward(f *testing.F) {
	f.Add([]byte{})
	f.Add(ssh.Marshal(forwardRequest{"0.0.0.0", 8080}))
	f.Add(ssh.Marshal(forwardRequest{"", 0}))
	f.Add(ssh.Marshal(forwardRequest{strings.Repeat("a", 300), 65536}))
	f.Fuzz(func(t *testing.T, payload []byte) {
		r, err := parseForward(payload)
		if err != nil {
			if len(err.Error()) > 5*maxHost {
				t.Fatalf("an error of %d bytes", len(err.Error()))
			}
			return
		}
		if r.Port > 65535 || len(r.Address) > maxHost {
			t.Fatalf("accepted %+v", r)
		}
		if got := ssh.Marshal(r); string(got) != string(payload) {
			t.Fatalf("%q was read as %+v", payload, r)
		}
	})
}

func FuzzParseDirect(f *testing.F) {
	f.Add([]byte{})
	f.Add(ssh.Marshal(directOpen{"postgres.shop.svc", 5432, "127.0.0.1", 40000}))
	f.Add(ssh.Marshal(directOpen{"\x00", 1, "", 0}))
	f.Fuzz(func(t *testing.T, payload []byte) {
		o, err := parseDirect(payload)
		if err != nil {
			if len(err.Error()) > 5*maxHost {
				t.Fatalf("an error of %d bytes", len(err.Error()))
			}
			return
		}
		if o.Host == "" || len(o.Host) > maxHost || o.Port == 0 || o.Port > 65535 || strings.ContainsAny(o.Host, " \t\r\n\x00") {
			t.Fatalf("accepted %+v", o)
		}
		if got := ssh.Marshal(o); string(got) != string(payload) {
			t.Fatalf("%q was read as %+v", payload, o)
		}
	})
}

func FuzzParseState(f *testing.F) {
	for _, line := range []string{"", "ready", "waiting 8080,9090", "lost 1", "lost ,", "waiting 70000", "soon"} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		state, ok := parseState(line)
		if !ok {
			return
		}
		again, ok := parseState(state.String())
		if !ok || again.String() != state.String() {
			t.Fatalf("%q became %q", line, state)
		}
	})
}

func TestStateSurvivesTheSocket(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		state := probeState{
			name:  rapid.SampledFrom([]string{stateReady, stateWaiting, stateLost}).Draw(t, "name"),
			ports: rapid.SliceOf(rapid.IntRange(1, 65535)).Draw(t, "ports"),
		}
		got, ok := parseState(state.String())
		if !ok || got.String() != state.String() || len(got.ports) != len(state.ports) {
			t.Fatalf("%q became %q", state, got)
		}
	})
}

func TestReadySocketNeedsAPort(t *testing.T) {
	for listen, want := range map[string]string{
		"127.0.0.1:2722": "@tandem-agent-2722",
		"[::1]:1":        "@tandem-agent-1",
		"127.0.0.1":      "",
	} {
		if got, err := ReadySocket(listen); got != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q, %v", listen, got, err)
		}
	}
}
