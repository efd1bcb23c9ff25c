package rpc

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/rpc/protocol"
	"github.com/tandem-dev/tandem/session"
)

func TestClusterDoctor(t *testing.T) {
	path := absolute("okteto.yml")
	var asked session.DoctorRequest
	f := &fake{doctor: func(_ context.Context, r session.DoctorRequest) (*session.Diagnosis, error) {
		r.Progress("checking quota; 3 of 15 checks done")
		asked = r
		return &session.Diagnosis{Manifest: path, Dev: "api", Context: "dev", Namespace: "shop", Server: "https://k8s:6443",
			Checks: []session.Check{
				{Name: "api-server", Status: "ok", Detail: "Kubernetes v1.34.4"},
				{Name: "quota", Status: "fail", Detail: "full", Hint: "make room"}},
			Rights: []session.Right{{Verb: "get", Resource: "pods/log", Purpose: "explaining"}}}, nil
	}}
	p := serve(t, f).initialize(`{}`)
	p.call(1, "cluster/doctor", fmt.Sprintf(`{"manifest":%q,"dev":"api","workDoneToken":"t"}`, uriOf(path)))
	var steps []protocol.WorkDoneProgress
	for range 3 {
		var step struct{ Value protocol.WorkDoneProgress }
		if err := json.Unmarshal(p.until("$/progress").Params, &step); err != nil {
			t.Fatal(err)
		}
		steps = append(steps, step.Value)
	}
	want := []protocol.WorkDoneProgress{
		{Kind: protocol.ProgressBegin, Title: "Examining the cluster", Cancellable: true},
		{Kind: protocol.ProgressReport, Cancellable: true, Message: "checking quota; 3 of 15 checks done"},
		{Kind: protocol.ProgressEnd, Message: "problems: 1, warnings: 0"}}
	if diff := cmp.Diff(want, steps); diff != "" {
		t.Error(diff)
	}
	result := fmt.Sprintf(`{"manifest":%q,"dev":"api","context":"dev","namespace":"shop","server":"https://k8s:6443",`+
		`"checks":[{"name":"api-server","status":"ok","detail":"Kubernetes v1.34.4"},{"name":"quota","status":"fail","detail":"full","hint":"make room"}],`+
		`"rights":[{"verb":"get","resource":"pods/log","needed":false,"allowed":false,"purpose":"explaining"}]}`, uriOf(path))
	if diff := cmp.Diff(result, string(p.answer(1).Result)); diff != "" {
		t.Error(diff)
	}
	if asked.Manifest != path || asked.Dev != "api" {
		t.Errorf("asked %+v", asked)
	}

	p.call(2, "cluster/doctor", `{}`)
	if m := p.answer(2); code(m) != -32602 {
		t.Errorf("without a manifest and a folder: %+v", m)
	}
}

// The client's cancel reaches the checks, and the call is answered all the same.
func TestClusterDoctorIsCancelled(t *testing.T) {
	began := make(chan struct{})
	f := &fake{doctor: func(ctx context.Context, _ session.DoctorRequest) (*session.Diagnosis, error) {
		close(began)
		<-ctx.Done()
		return nil, fault.Wrap(context.Cause(ctx), fault.Cancelled, "examining")
	}}
	p := serve(t, f).initialize(fmt.Sprintf(`{"rootUri":%q}`, uriOf(absolute("."))))
	p.call(1, "cluster/doctor", `{}`)
	<-began
	p.notify("$/cancelRequest", `{"id":1}`)
	if m := p.answer(1); code(m) != int(protocol.CodeRequestCancelled) {
		t.Errorf("%+v", m)
	}
}
