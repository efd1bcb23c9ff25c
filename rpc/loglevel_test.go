package rpc

import "testing"

// The level changes for loggers that sessions hold already.
func TestLogLevelAtRunTime(t *testing.T) {
	f := &fake{}
	p := serve(t, f).initialize(`{"initializationOptions":{"logLevel":"error"}}`)
	session := f.setup.Logger.With().Str("session", "shop/api").Logger() // as a session makes one
	session.Info().Msg("unheard")
	p.notify("workspace/didChangeConfiguration", `{"settings":{"tandem":{"logLevel":"info"}}}`)
	p.call(1, "session/list", "{}")
	for { // until the server has taken the notification
		m := parse(t, p.body())
		if m.Method == "window/logMessage" && string(m.Params) != `{"type":3,"message":"log level changed logLevel=info"}` {
			t.Errorf("logged at the wrong level: %s", m.Params)
		}
		if string(m.ID) == "1" {
			break
		}
	}
	session.Info().Msg("heard")
	if m := p.until("window/logMessage"); string(m.Params) != `{"type":3,"message":"heard session=shop/api"}` {
		t.Errorf("got %s", m.Params)
	}
	for _, ignored := range []string{`{"settings":{}}`, `{"settings":{"gopls":{}}}`, `{"settings":null}`, `{"settings":[1]}`, `{"settings":{"tandem":{"logLevel":"loud"}}}`, `null`} {
		p.notify("workspace/didChangeConfiguration", ignored)
	}
	p.call(2, "session/list", "{}")
	if m := p.answer(2); m.Error != nil {
		t.Errorf("%+v", m)
	}
}
