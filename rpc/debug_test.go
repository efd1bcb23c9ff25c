package rpc

import (
	"strings"
	"testing"

	"github.com/tandem-dev/tandem/rpc/protocol"
)

// debug/* on the wire: what the sessions answer and what they refuse.
func TestDebugMethods(t *testing.T) {
	p := serve(t, &fake{}).initialize(`{}`)
	for i, c := range []struct {
		method, params string
		result         string // exact
		kind           string // of the failure
	}{
		{protocol.MethodDebugStart, `{"id":"shop/api","program":"./api","language":"go"}`,
			`{"debug":"d1","language":"go","mode":"launch","protocol":"dap","host":"127.0.0.1","port":40001,"configuration":{"program":"./api","type":"go"}}`, ""},
		{protocol.MethodDebugStart, `{"id":"shop/api","mode":"test"}`, "", "debug-unsupported"},
		{protocol.MethodDebugStart, `{}`, "", "invalid-params"},
		{protocol.MethodDebugStop, `{"id":"shop/api"}`, "", "invalid-params"},
		{protocol.MethodDebugStop, `{"id":"shop/api","debug":"d9"}`, "", "debug-not-found"},
		{protocol.MethodDebugConfigurations, `{"id":"shop/api"}`,
			`{"target":{"language":"go","program":"/w/api","args":[],"cwd":"/w","modes":["launch","test","attach"],"protocols":["dap","delve"]},"running":[]}`, ""},
	} {
		id := 100 + i
		p.call(id, c.method, c.params)
		m := p.answer(id)
		if string(m.Result) != c.result {
			t.Errorf("%s %s: %s", c.method, c.params, m.Result)
		}
		if c.kind != "" && (m.Error == nil || !strings.Contains(string(m.Error.Data), `"kind":"`+c.kind+`"`)) {
			t.Errorf("%s %s: %+v, want %s", c.method, c.params, m.Error, c.kind)
		}
	}
}
