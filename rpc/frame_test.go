package rpc

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"go.lsp.dev/jsonrpc2"
	"pgregory.net/rapid"
)

func TestFrameReader(t *testing.T) {
	long := strings.Repeat("x", maxHeaderLine)
	for name, tc := range map[string]struct {
		input string
		want  string // the bodies, then the error
	}{
		"nothing":                  {"", "EOF"},
		"two frames":               {"Content-Length: 2\r\n\r\n{}Content-Length: 2\r\n\r\n[]", "{} [] EOF"},
		"name in other letters":    {"content-LENGTH:2\r\n\r\n{}", "{} EOF"},
		"bare line feeds":          {"Content-Length: 2\n\n{}", "{} EOF"},
		"content type is ignored":  {"Content-Type: application/vscode-jsonrpc; charset=utf-8\r\nContent-Length: 2\r\n\r\n{}", "{} EOF"},
		"length of zero":           {"Content-Length: 0\r\n\r\nContent-Length: 2\r\n\r\n{}", " {} EOF"},
		"same length twice":        {"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}", "{} EOF"},
		"two lengths":              {"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", "broken"},
		"no length":                {"Content-Type: x\r\n\r\n{}", "broken"},
		"blank line only":          {"\r\n{}", "broken"},
		"negative length":          {"Content-Length: -2\r\n\r\n{}", "broken"},
		"signed length":            {"Content-Length: +2\r\n\r\n{}", "broken"},
		"length beyond int64":      {"Content-Length: 99999999999999999999\r\n\r\n{}", "broken"},
		"length in words":          {"Content-Length: two\r\n\r\n{}", "broken"},
		"empty length":             {"Content-Length:\r\n\r\n{}", "broken"},
		"no colon":                 {"Content-Length 2\r\n\r\n{}", "broken"},
		"endless line":             {"X: " + long, "broken"},
		"longest line":             {"X:" + long[4:] + "\r\nContent-Length: 2\r\n\r\n{}", "{} EOF"},
		"too many lines":           {strings.Repeat("X: y\r\n", maxHeaderLines+1), "broken"},
		"end inside a header":      {"Content-Length: 2\r\n", "unexpected EOF"},
		"end inside a header line": {"Content-Le", "unexpected EOF"},
		"end inside a body":        {"Content-Length: 5\r\n\r\n{}", "unexpected EOF"},
		"oversize, then a frame": {
			fmt.Sprintf("Content-Length: %d\r\n\r\n%sContent-Length: 2\r\n\r\n{}", maxFrame+1, strings.Repeat(" ", maxFrame+1)),
			"oversize {} EOF"},
		"oversize without body": {"Content-Length: 9000000000000000000\r\n\r\n", "oversize unexpected EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			f := newFrameReader(strings.NewReader(tc.input))
			for {
				body, err := f.next()
				var big *oversizeError
				switch {
				case err == nil:
					got = append(got, string(body))
					continue
				case errors.As(err, &big):
					got = append(got, "oversize")
					continue
				case errors.Is(err, errFraming):
					got = append(got, "broken")
				default:
					got = append(got, err.Error())
				}
				break
			}
			if s := strings.Join(got, " "); s != tc.want {
				t.Errorf("got %q, want %q", s, tc.want)
			}
		})
	}
}

// TestAnnouncedLengthTakesNoMemory: a header of a few bytes must not make the
// server allocate megabytes.
func TestAnnouncedLengthTakesNoMemory(t *testing.T) {
	header := fmt.Sprintf("Content-Length: %d\r\n\r\n", maxFrame)
	r := testing.Benchmark(func(b *testing.B) {
		for b.Loop() {
			if _, err := newFrameReader(strings.NewReader(header)).next(); !errors.Is(err, io.ErrUnexpectedEOF) {
				b.Fatal(err)
			}
		}
	})
	if per := r.AllocedBytesPerOp(); per > 256<<10 {
		t.Errorf("a bare header costs %d bytes", per)
	}
}

// TestFramesSurviveAnyCut: however the bytes arrive, the bodies are the same.
func TestFramesSurviveAnyCut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bodies := rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 1, 200), 1, 8).Draw(t, "bodies")
		var wire []byte
		for _, b := range bodies {
			wire = appendFrame(wire, b)
		}
		f := newFrameReader(iotest.OneByteReader(bytes.NewReader(wire)))
		for i, want := range bodies {
			got, err := f.next()
			if err != nil || !bytes.Equal(got, want) {
				t.Fatalf("body %d: %q, %v; want %q", i, got, err, want)
			}
		}
		if _, err := f.next(); !errors.Is(err, io.EOF) {
			t.Fatalf("end: %v", err)
		}
	})
}

// FuzzStream feeds bytes to the stream and holds it to its promises: what it
// lets through decodes, and what it answers itself is a well-formed error.
func FuzzStream(f *testing.F) {
	for _, body := range []string{
		`{"jsonrpc":"2.0","id":1,"method":"m","params":{}}`, `{"jsonrpc":"2.0","method":"m"}`,
		`{"jsonrpc":"2.0","id":1,"result":null}`, `[{"jsonrpc":"2.0","id":"a","method":"m"},1]`, `[]`, `{`, `{"id":1.5}`,
		`{"jsonrpc":"2.0","id":"\ud800","method":"\udfff"}`,
	} {
		f.Add([]byte(body), true)
	}
	f.Add([]byte("Content-Length: 3\r\n\r\n{} "), false)
	f.Fuzz(func(t *testing.T, data []byte, framed bool) {
		if framed {
			data = appendFrame(nil, data)
		}
		out := newOutbox(nil, func(error) {})
		calls := newCalls()
		in := newFrameReader(bytes.NewReader(data))
		for {
			body, err := in.next()
			var big *oversizeError
			if errors.As(err, &big) {
				continue
			}
			if err != nil {
				break
			}
			frame, refused := checkFrame(body, calls.reserve)
			if refused != nil {
				answer := jsonrpc2.AppendResponse(nil, jsonrpc2.ID{}, nil, refused)
				if !json.Valid(answer) {
					t.Fatalf("refusal is not JSON: %q", answer)
				}
				if err := out.push(answer); err != nil {
					t.Fatal(err)
				}
				continue
			}
			if frame[0] == '[' || bytes.TrimSpace(frame)[0] == '[' {
				members, err := jsonrpc2.ParseRequests(frame)
				if err != nil {
					t.Fatalf("let through a batch that does not parse: %q: %v", frame, err)
				}
				for _, m := range members {
					if m.Err != nil && m.Err.Code != jsonrpc2.InvalidRequest {
						t.Fatalf("member of %q would be answered %d", frame, m.Err.Code)
					}
				}
				continue
			}
			msg, err := jsonrpc2.DecodeMessage(frame)
			if err != nil {
				t.Fatalf("let through %q: %v", frame, err)
			}
			if call, ok := msg.(*jsonrpc2.Call); ok {
				answer := jsonrpc2.AppendResponse(nil, call.ID(), nil, nil)
				if !json.Valid(answer) {
					t.Fatalf("answer to %q is not JSON: %q", frame, answer)
				}
				if ids := responseIDs(answer); len(ids) != 1 || ids[0] != call.ID() {
					t.Fatalf("answer to %q would not free its id", frame)
				}
			}
		}
	})
}
