package rpc

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/session"
)

func TestTunnelOpenAndClose(t *testing.T) {
	path := absolute("okteto.yml")
	var asked []string
	f := &fake{
		snapshot: &session.Snapshot{ID: "shop/api", State: session.Ready, Manifest: path, Dev: "api", Tunnels: []session.Tunnel{
			{ID: "f1", Kind: session.Forward, Local: "127.0.0.1:5432", Remote: "db:5432", State: session.TunnelStandby,
				Owner: &session.TunnelOwner{PID: 4711, Session: "shop/web"}}}},
		tunnel: func(id string, r session.TunnelRequest) (session.Tunnel, error) {
			asked = append(asked, fmt.Sprint("open ", id, " ", r.Kind, " ", r.Spec))
			if r.Spec == "taken" {
				return session.Tunnel{}, fault.New(fault.PortInUse, "local port 1 is in use")
			}
			return session.Tunnel{ID: "r2", Kind: r.Kind, Local: "localhost:9090", Remote: ":9091", State: "open"}, nil
		},
		closeTunnel: func(id, tunnel string) error {
			asked = append(asked, fmt.Sprint("close ", id, " ", tunnel))
			return nil
		},
	}
	f.runs(*f.snapshot)
	p := serve(t, f).initialize(`{}`)
	p.call(1, "tunnel/open", `{"id":"shop/api","kind":"reverse","spec":"9091:9090"}`)
	want := `{"id":"r2","kind":"reverse","local":"localhost:9090","remote":":9091","state":"open","connections":0,"bytesIn":0,"bytesOut":0,"listening":true,"error":null}`
	if diff := cmp.Diff(want, string(p.answer(1).Result)); diff != "" {
		t.Error(diff)
	}
	p.call(2, "tunnel/open", `{"id":"shop/api","kind":"forward","spec":"taken"}`)
	if m := p.answer(2); code(m) != -32803 || kind(t, m) != "port-in-use" {
		t.Errorf("%+v", m.Error)
	}
	p.call(3, "tunnel/close", `{"id":"shop/api","tunnel":"r2"}`)
	var snap struct {
		Tunnels []struct {
			State string
			Owner struct {
				PID     int
				Session string
			}
		}
	}
	if err := json.Unmarshal(p.answer(3).Result, &snap); err != nil {
		t.Fatal(err)
	}
	if len(snap.Tunnels) != 1 || snap.Tunnels[0].State != "standby" || snap.Tunnels[0].Owner.PID != 4711 || snap.Tunnels[0].Owner.Session != "shop/web" {
		t.Errorf("%+v", snap)
	}
	// By the commands of an editor, which names the dev.
	at := fmt.Sprintf(`"manifest":%q,"dev":"api"`, uriOf(path))
	p.call(4, "workspace/executeCommand", `{"command":"tandem.addTunnel","arguments":[{`+at+`,"kind":"forward","spec":"0:db:5432"}]}`)
	p.answer(4)
	p.call(5, "workspace/executeCommand", `{"command":"tandem.closeTunnel","arguments":[{`+at+`,"tunnel":"f3"}]}`)
	p.answer(5)
	for id, params := range map[int]string{6: `{"kind":"forward","spec":"1:2"}`, 7: `{"id":"shop/api","kind":"forward"}`} {
		if id == 6 {
			p.call(id, "tunnel/open", params)
		} else {
			p.call(id, "tunnel/close", params)
		}
		if m := p.answer(id); code(m) != -32602 {
			t.Errorf("%s: %+v", params, m)
		}
	}
	wantAsked := []string{"open shop/api reverse 9091:9090", "open shop/api forward taken", "close shop/api r2",
		"open shop/api forward 0:db:5432", "close shop/api f3"}
	if diff := cmp.Diff(wantAsked, asked); diff != "" {
		t.Error(diff)
	}
}
