package protocol

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestTokens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.OneOf(
			rapid.Map(rapid.Int64(), NumberToken),
			rapid.Map(rapid.String(), TextToken),
		).Draw(t, "token")
		data, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var got Token
		if err := json.Unmarshal(data, &got); err != nil || got != want {
			t.Fatalf("%s reads back as %s, %v", data, got, err)
		}
	})
	if NumberToken(1) == TextToken("1") {
		t.Error("1 and \"1\" are one token")
	}
	for _, bad := range []string{"null", "1.5", "1e3", "true", "{}", "[1]", "9223372036854775808"} {
		var got Token
		if err := json.Unmarshal([]byte(bad), &got); err == nil {
			t.Errorf("%s reads as %s", bad, got)
		}
	}
	// Absent and null are no token where one is optional.
	for _, none := range []string{`{}`, `{"workDoneToken":null}`} {
		var p SessionStartParams
		if err := json.Unmarshal([]byte(none), &p); err != nil || p.WorkDoneToken != nil {
			t.Errorf("%s reads as %v, %v", none, p.WorkDoneToken, err)
		}
	}
}

// TestSnapshotOnTheWire pins names, order and the nulls that clients rely on.
func TestSnapshotOnTheWire(t *testing.T) {
	at := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	got, err := json.MarshalIndent(Snapshot{
		ID: "shop/api", Seq: 12, State: StateReconnecting, Since: at, NextRetryAt: &at,
		Cause:    &Cause{Kind: "link-failed", Message: "m", Hint: "h", Retryable: true},
		Manifest: "file:///w/okteto.yml", Dev: "api", Context: "dev", Namespace: "shop",
		Tunnels: []Tunnel{{ID: "f1", Kind: "forward", State: "open"}},
		Env:     Env{Files: []EnvFile{}, Warnings: []EnvWarning{}},
		Process: &Process{State: "running", PID: 1},
		Traffic: TrafficOriginal, Guard: GuardNone, Warnings: []SessionWarning{},
		Debug: []DebugSession{},
	}, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	want := `{
  "id": "shop/api",
  "seq": 12,
  "state": "reconnecting",
  "since": "2026-11-22T10:00:00Z",
  "cause": {
    "kind": "link-failed",
    "message": "m",
    "hint": "h",
    "retryable": true
  },
  "nextRetryAt": "2026-11-22T10:00:00Z",
  "manifest": "file:///w/okteto.yml",
  "dev": "api",
  "context": "dev",
  "namespace": "shop",
  "workload": null,
  "pod": null,
  "tunnels": [
    {
      "id": "f1",
      "kind": "forward",
      "local": "",
      "remote": "",
      "state": "open",
      "connections": 0,
      "bytesIn": 0,
      "bytesOut": 0,
      "error": null
    }
  ],
  "env": {
    "files": [],
    "count": 0,
    "hash": "",
    "warnings": []
  },
  "volumes": null,
  "process": {
    "state": "running",
    "pid": 1,
    "exitCode": null
  },
  "traffic": "original",
  "guard": "none",
  "adopted": false,
  "warnings": [],
  "debug": []
}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}
}

// TestEveryFieldHasAName: a field without a tag would go out under its Go name.
func TestEveryFieldHasAName(t *testing.T) {
	seen := map[reflect.Type]bool{}
	var check func(reflect.Type)
	check = func(typ reflect.Type) {
		for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice {
			typ = typ.Elem()
		}
		if typ.Kind() != reflect.Struct || seen[typ] || typ == reflect.TypeFor[time.Time]() || typ == reflect.TypeFor[Token]() {
			return
		}
		seen[typ] = true
		for i := range typ.NumField() {
			f := typ.Field(i)
			if tag := f.Tag.Get("json"); tag == "" && !f.Anonymous {
				t.Errorf("%s.%s has no JSON name", typ, f.Name)
			}
			check(f.Type)
		}
	}
	for _, v := range []any{
		InitializeParams{}, InitializeResult{}, CancelParams{}, SetTraceParams{}, LogTraceParams{},
		ProgressParams{}, WorkDoneProgress{}, WorkDoneProgressCreateParams{}, WorkDoneProgressCancelParams{},
		LogMessageParams{}, ShowMessageParams{}, ManifestListParams{}, ManifestListResult{},
		SessionStartParams{}, SessionStopParams{}, SessionListParams{}, SessionListResult{}, SessionRecoverParams{}, SessionGetParams{},
		SessionOutputParams{}, Snapshot{}, EnvResolveParams{}, EnvResolveResult{}, EnvWriteParams{}, EnvWriteResult{}, EnvExplainParams{},
		ErrorData{},
	} {
		check(reflect.TypeOf(v))
	}
}
