package debug

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-dap"
)

func frame(text string) string { return fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(text), text) }

const (
	initialize = `{"seq":1,"type":"request","command":"initialize","arguments":{"adapterID":"go"}}`
	launchIt   = `{"seq":2,"type":"request","command":"launch","arguments":{"program":"/w","nested":{"a":[1]}}}`
	later      = `{"seq":3,"type":"request","command":"launch","arguments":{}}`
)

// The first launch request is changed; what is before and after it passes byte for
// byte, however it is cut.
func TestRequests(t *testing.T) {
	for name, cut := range map[string]func(io.Reader) io.Reader{"whole": func(r io.Reader) io.Reader { return r }, "byte by byte": iotest.OneByteReader} {
		t.Run(name, func(t *testing.T) {
			r := NewRequests(cut(strings.NewReader(frame(initialize)+frame(launchIt)+frame(later)+"not even a frame")), func(q *ClientRequest) error {
				if q.Command != "launch" || q.Seq != 2 || q.Text("program") != "/w" {
					t.Errorf("%+v", q)
				}
				q.Command = "attach"
				return q.Set(SecretArgument, "s")
			})
			all, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			rest, ok := strings.CutPrefix(string(all), frame(initialize))
			if !ok || !strings.HasSuffix(rest, frame(later)+"not even a frame") {
				t.Fatalf("%s", all)
			}
			content, err := dap.ReadBaseMessage(bufio.NewReader(strings.NewReader(rest)))
			if err != nil {
				t.Fatal(err)
			}
			var m struct {
				Command   string
				Arguments map[string]json.RawMessage
			}
			if err := json.Unmarshal(content, &m); err != nil {
				t.Fatal(err)
			}
			if m.Command != "attach" || string(m.Arguments[SecretArgument]) != `"s"` || string(m.Arguments["nested"]) != `{"a":[1]}` {
				t.Errorf("%s", content)
			}
		})
	}
}

// What is refused does not get through, nor does anything after it.
func TestRequestsRefused(t *testing.T) {
	no := errors.New("no")
	r := NewRequests(strings.NewReader(frame(initialize)+frame(launchIt)+frame(later)), func(*ClientRequest) error { return no })
	all, err := io.ReadAll(r)
	if !errors.Is(err, no) || string(all) != frame(initialize) {
		t.Errorf("%q, %v", all, err)
	}
	if n, err := r.Read(make([]byte, 9)); n != 0 || !errors.Is(err, no) {
		t.Errorf("and then %d, %v", n, err)
	}
}

// Whatever a client sends, nothing panics, and a secret that is asked for cannot be
// gone round: no launch passes without having been seen.
func FuzzRequests(f *testing.F) {
	for _, s := range []string{frame(initialize) + frame(launchIt), frame("{}"), frame(`{"type":"request","command":"launch","arguments":null}`),
		frame(`{"type":"request","command":"attach","arguments":[]}`),
		frame(`{"type":"request","Command":"launch"}`), frame(`{"type":"request","command":"launch","seq":"x"}`), frame(`{"type":"request","command":"launch","command":"threads"}`), "Content-Length: 99999999999\r\n\r\n", "\r\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, input []byte) {
		out, _ := io.ReadAll(NewRequests(bytes.NewReader(input), func(*ClientRequest) error { return errors.New("no") }))
		in := bufio.NewReader(bytes.NewReader(out))
		for {
			m, err := dap.ReadProtocolMessage(in)
			if err == io.EOF || err == io.ErrUnexpectedEOF {
				return
			}
			switch m.(type) {
			case *dap.LaunchRequest, *dap.AttachRequest:
				t.Fatalf("%T passed: %q", m, out)
			}
			var base *dap.BaseProtocolError
			if errors.As(err, &base) {
				return
			}
		}
	})
}
