package rpc

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/tandem-dev/tandem/session"
)

func TestProgressOnTheClientsToken(t *testing.T) {
	f := &fake{start: func(_ context.Context, r session.StartRequest) (session.Snapshot, error) {
		r.Progress("pulling the image")
		return session.Snapshot{ID: "shop/api"}, nil
	}}
	p := serve(t, f).initialize(`{}`)
	p.call(1, "session/start", strings.TrimSuffix(startParams("api"), "}")+`,"workDoneToken":7}`)
	for _, want := range []string{
		`{"token":7,"value":{"kind":"begin","title":"Starting api","cancellable":true}}`,
		`{"token":7,"value":{"kind":"report","cancellable":true,"message":"pulling the image"}}`,
		`{"token":7,"value":{"kind":"end","message":"ready"}}`,
	} {
		if m := p.next(); m.Method != "$/progress" || string(m.Params) != want {
			t.Errorf("got %s, want %s", m.Params, want)
		}
	}
	if m := p.next(); string(m.ID) != "1" {
		t.Errorf("got %+v", m)
	}
}

const ableToShowProgress = `{"capabilities":{"window":{"workDoneProgress":true}}}`

func TestProgressOnTheServersToken(t *testing.T) {
	reported, release := make(chan struct{}), make(chan struct{})
	f := &fake{start: func(_ context.Context, r session.StartRequest) (session.Snapshot, error) {
		r.Progress("pulling the image")
		close(reported)
		<-release
		return session.Snapshot{ID: "shop/api"}, nil
	}}
	p := serve(t, f).initialize(ableToShowProgress)
	p.call(1, "session/start", startParams("api"))
	create := p.until("window/workDoneProgress/create")
	if string(create.Params) != `{"token":"tandem/1"}` {
		t.Errorf("create %s", create.Params)
	}
	<-reported // while the client is still thinking
	p.frame(fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"result":null}`, create.ID))
	if m := p.next(); string(m.Params) != `{"token":"tandem/1","value":{"kind":"begin","title":"Starting api","cancellable":true,"message":"pulling the image"}}` {
		t.Errorf("got %s", m.Params)
	}
	close(release)
	if m := p.next(); string(m.Params) != `{"token":"tandem/1","value":{"kind":"end","message":"ready"}}` {
		t.Errorf("got %s", m.Params)
	}
	p.answer(1)
}

// TestClientThatNeverMakesRoomForProgress: the request does not wait for it.
func TestClientThatNeverMakesRoomForProgress(t *testing.T) {
	p := serve(t, &fake{}).initialize(ableToShowProgress)
	p.call(1, "session/start", startParams("api"))
	for {
		m := p.next()
		if m.Method == "$/progress" {
			t.Errorf("progress on a token that nobody made: %s", m.Params)
		}
		if m.Method == "" && string(m.ID) == "1" {
			break
		}
	}
}

func TestClientThatRefusesProgress(t *testing.T) {
	release := make(chan struct{})
	f := &fake{start: func(_ context.Context, r session.StartRequest) (session.Snapshot, error) {
		<-release
		r.Progress("late")
		return session.Snapshot{}, nil
	}}
	p := serve(t, f).initialize(ableToShowProgress)
	p.call(1, "session/start", startParams("api"))
	create := p.until("window/workDoneProgress/create")
	p.frame(fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"error":{"code":-32603,"message":"no"}}`, create.ID))
	close(release)
	if m := p.next(); m.Method != "" {
		t.Errorf("got %s %s", m.Method, m.Params)
	}
}

func TestCancelButton(t *testing.T) {
	started := make(chan struct{})
	f := &fake{start: func(ctx context.Context, _ session.StartRequest) (session.Snapshot, error) {
		close(started)
		<-ctx.Done()
		return session.Snapshot{}, ctx.Err()
	}}
	p := serve(t, f).initialize(`{}`)
	p.call(1, "session/start", strings.TrimSuffix(startParams("api"), "}")+`,"workDoneToken":"t"}`)
	<-started
	p.notify("window/workDoneProgress/cancel", `{"token":"other"}`)
	p.notify("window/workDoneProgress/cancel", `{"token":"t"}`)
	ends := 0
	for {
		m := p.next()
		if m.Method == "$/progress" && strings.Contains(string(m.Params), `"kind":"end"`) {
			ends++
		}
		if m.Method == "" {
			if code(m) != -32800 || ends != 1 {
				t.Errorf("after %d ends: %+v", ends, m)
			}
			break
		}
	}
}
