package rpc

import (
	"fmt"
	"strings"
	"testing"
)

// TestHostilePeer sends what a peer should not send, and then asks something
// honest: the answer must be the right one, and the connection must live.
func TestHostilePeer(t *testing.T) {
	const alive = `{"jsonrpc":"2.0","id":99,"result":{"sessions":[],"recoverable":[]}}`
	parseError := `{"jsonrpc":"2.0","id":null,"error":{"code":-32700`
	invalid := `{"jsonrpc":"2.0","id":null,"error":{"code":-32600`
	for name, tc := range map[string]struct {
		body string
		want []string // prefixes of the frames that come back
	}{
		"not JSON":                   {`{"jsonrpc":"2.0",`, []string{parseError}},
		"empty frame":                {``, []string{parseError}},
		"blank frame":                {`  `, []string{parseError}},
		"two values":                 {`{} {}`, []string{parseError}},
		"broken params":              {`{"jsonrpc":"2.0","id":1,"method":"session/list","params":{]}`, []string{parseError}},
		"not UTF-8":                  {"{\"jsonrpc\":\"2.0\",\"id\":\"\xff\",\"method\":\"m\"}", []string{parseError}},
		"too deep":                   {strings.Repeat("[", 20000) + strings.Repeat("]", 20000), []string{parseError}},
		"a string":                   {`"hello"`, []string{invalid}},
		"null":                       {`null`, []string{invalid}},
		"empty object":               {`{}`, []string{invalid}},
		"no version":                 {`{"id":1,"method":"session/list"}`, []string{invalid}},
		"other version":              {`{"jsonrpc":"1.0","id":1,"method":"session/list"}`, []string{invalid}},
		"version as a number":        {`{"jsonrpc":2.0,"id":1,"method":"session/list"}`, []string{invalid}},
		"fractional id":              {`{"jsonrpc":"2.0","id":1.5,"method":"session/list"}`, []string{invalid}},
		"exponential id":             {`{"jsonrpc":"2.0","id":1e3,"method":"session/list"}`, []string{invalid}},
		"id beyond int64":            {`{"jsonrpc":"2.0","id":9223372036854775808,"method":"session/list"}`, []string{invalid}},
		"id is an object":            {`{"jsonrpc":"2.0","id":{},"method":"session/list"}`, []string{invalid}},
		"id is a boolean":            {`{"jsonrpc":"2.0","id":true,"method":"session/list"}`, []string{invalid}},
		"id is null":                 {`{"jsonrpc":"2.0","id":null,"method":"session/list"}`, []string{invalid}},
		"method is a number":         {`{"jsonrpc":"2.0","id":1,"method":1}`, []string{invalid}},
		"method is null":             {`{"jsonrpc":"2.0","id":1,"method":null}`, []string{invalid}},
		"params is text":             {`{"jsonrpc":"2.0","id":1,"method":"session/list","params":"x"}`, []string{invalid}},
		"method and result":          {`{"jsonrpc":"2.0","id":1,"method":"m","result":1}`, []string{invalid}},
		"result and error":           {`{"jsonrpc":"2.0","id":1,"result":1,"error":{"code":1,"message":""}}`, []string{invalid}},
		"answer to nothing":          {`{"jsonrpc":"2.0","id":12345,"result":1}`, nil},
		"error to nothing":           {`{"jsonrpc":"2.0","id":null,"error":{"code":1,"message":"m"}}`, nil},
		"unknown method":             {`{"jsonrpc":"2.0","id":1,"method":"m"}`, []string{`{"jsonrpc":"2.0","id":1,"error":{"code":-32601`}},
		"empty method":               {`{"jsonrpc":"2.0","id":1,"method":""}`, []string{`{"jsonrpc":"2.0","id":1,"error":{"code":-32601`}},
		"unknown notification":       {`{"jsonrpc":"2.0","method":"m"}`, nil},
		"unknown $/ notification":    {`{"jsonrpc":"2.0","method":"$/m"}`, nil},
		"notification, bad params":   {`{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":1.5}}`, nil},
		"notification, array params": {`{"jsonrpc":"2.0","method":"$/setTrace","params":[]}`, nil},
		"cancel of an unknown id":    {`{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":"nobody"}}`, nil},
		"positional params":          {`{"jsonrpc":"2.0","id":1,"method":"session/get","params":[1]}`, []string{`{"jsonrpc":"2.0","id":1,"error":{"code":-32602`}},
		"params of a wrong type":     {`{"jsonrpc":"2.0","id":1,"method":"session/get","params":{"id":1}}`, []string{`{"jsonrpc":"2.0","id":1,"error":{"code":-32602`}},
		"params are missing":         {`{"jsonrpc":"2.0","id":1,"method":"session/get"}`, []string{`{"jsonrpc":"2.0","id":1,"error":{"code":-32602`}},
		"id is text":                 {`{"jsonrpc":"2.0","id":"a\"b","method":"session/list"}`, []string{`{"jsonrpc":"2.0","id":"a\"b","result":`}},
		"negative id":                {`{"jsonrpc":"2.0","id":-7,"method":"session/list"}`, []string{`{"jsonrpc":"2.0","id":-7,"result":`}},
		"unknown members":            {`{"jsonrpc":"2.0","id":1,"method":"session/list","x":{"y":[1]}}`, []string{`{"jsonrpc":"2.0","id":1,"result":`}},
		"second initialize":          {`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}`, []string{`{"jsonrpc":"2.0","id":1,"error":{"code":-32600`}},

		"empty batch":            {`[]`, []string{invalid}},
		"batch of rubbish":       {`[1,"x",null]`, []string{`[` + invalid}},
		"batch, one bad":         {`[{"jsonrpc":"2.0","id":1,"method":"session/list"},1]`, []string{`[{"jsonrpc":"2.0","id":`}},
		"batch of notifications": {`[{"jsonrpc":"2.0","method":"m"},{"jsonrpc":"2.0","method":"$/n"}]`, nil},
		"batch not closed":       {`[{"jsonrpc":"2.0","method":"m"}`, []string{parseError}},
		"batch too long":         {"[" + strings.Repeat("1,", maxBatch) + "1]", []string{invalid}},
		"batch of answers":       {`[{"jsonrpc":"2.0","id":1,"result":1}]`, []string{`[` + invalid}},
	} {
		t.Run(name, func(t *testing.T) {
			p := serve(t, &fake{}).initialize(`{}`)
			p.frame(tc.body)
			for _, want := range tc.want {
				if got := p.skipLog(); !strings.HasPrefix(got, want) {
					t.Errorf("got  %s\nwant %s…", got, want)
				}
			}
			p.call(99, "session/list", "{}")
			if got := p.skipLog(); got != alive {
				t.Errorf("then got %s", got)
			}
		})
	}
}

// skipLog is the next frame that is no log line.
func (p *peer) skipLog() string {
	p.t.Helper()
	for {
		if b := p.body(); !strings.Contains(b, `"method":"window/logMessage"`) {
			return b
		}
	}
}

func TestBatchAnswersEachCall(t *testing.T) {
	p := serve(t, &fake{}).initialize(`{}`)
	p.frame(`[{"jsonrpc":"2.0","id":1,"method":"session/list"},` +
		`{"jsonrpc":"2.0","method":"$/ignored"},` +
		`{"jsonrpc":"2.0","id":2,"method":"nope"},` +
		`{"jsonrpc":"2.0","id":1,"method":"session/list"},` + // the id is taken
		`{"foo":"boo"}]`)
	got := p.skipLog()
	for _, want := range []string{
		`{"jsonrpc":"2.0","id":1,"result":{"sessions":[],"recoverable":[]}}`,
		`{"jsonrpc":"2.0","id":2,"error":{"code":-32601`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is not in %s", want, got)
		}
	}
	if n := strings.Count(got, `"id":null,"error":{"code":-32600`); n != 2 {
		t.Errorf("%d refusals in %s, want 2", n, got)
	}
	// The ids are free again.
	p.call(1, "session/list", "{}")
	if m := p.answer(1); m.Error != nil {
		t.Errorf("id 1 again: %s", m.Error.Message)
	}
}

// TestBrokenFraming: what cannot be resynchronised is answered and ends the
// connection, sessions included.
func TestBrokenFraming(t *testing.T) {
	for name, input := range map[string]string{
		"no length":    "X: y\r\n\r\n{}",
		"endless line": strings.Repeat("x", maxHeaderLine+1),
		"bad length":   "Content-Length: -1\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			f := &fake{}
			p := serve(t, f).initialize(`{}`)
			p.raw(input)
			if m := p.next(); code(m) != -32600 || string(m.ID) != "null" {
				t.Errorf("got %+v", m)
			}
			if e := p.end(); e.code != 1 || e.err == nil {
				t.Errorf("ended with %d, %v", e.code, e.err)
			}
			if f.closes() != 1 {
				t.Errorf("sessions closed %d times", f.closes())
			}
		})
	}
}

func TestOversizeFrameIsRefusedAndSkipped(t *testing.T) {
	p := serve(t, &fake{}).initialize(`{}`)
	p.raw(fmt.Sprintf("Content-Length: %d\r\n\r\n", maxFrame+1))
	// The refusal does not wait for the body.
	if m := p.next(); code(m) != -32600 || string(m.ID) != "null" {
		t.Errorf("got %+v", m)
	}
	p.raw(strings.Repeat("x", maxFrame+1))
	p.call(1, "session/list", "{}")
	if m := p.answer(1); m.Error != nil {
		t.Errorf("afterwards: %s", m.Error.Message)
	}
}
