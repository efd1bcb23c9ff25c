package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-dev/tandem/rpc/protocol"
)

// The screen of a diagnosis, word for word: `-update` writes it anew.
func TestPrintDiagnosis(t *testing.T) {
	var screen strings.Builder
	printDiagnosis(&screen, paint{}, &protocol.ClusterDoctorResult{Checks: []protocol.DoctorCheck{
		{Name: "manifest", Status: protocol.DoctorWarn, Detail: "/w/okteto.yml, dev \"api\":\nline 3: warning: field \"sync\" has no effect"},
		{Name: "api-server", Status: protocol.DoctorOK, Detail: "Kubernetes v1.34.4 at https://k8s:6443, answers in 12ms", Hint: "not shown"},
		{Name: "permissions", Status: protocol.DoctorFail, Detail: "1 of 14 that a session needs in namespace \"shop\" are missing:\n" +
			"patch deployments.apps/scale \"api\": scaling the workload to zero and back", Hint: "ask for the Role of docs/rbac.yaml"},
		{Name: "quota", Status: protocol.DoctorSkip, Detail: "you may not list resourcequotas", Hint: "a session does not need this right"},
	}})
	golden := filepath.Join("testdata", "diagnosis.txt")
	if *update {
		if err := os.WriteFile(golden, []byte(screen.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), screen.String()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestVerdict(t *testing.T) {
	for _, test := range []struct {
		count map[protocol.DoctorStatus]int
		want  string
	}{
		{map[protocol.DoctorStatus]int{protocol.DoctorOK: 15}, "all is well"},
		{map[protocol.DoctorStatus]int{protocol.DoctorWarn: 1}, "no problem, 1 warning"},
		{map[protocol.DoctorStatus]int{protocol.DoctorFail: 2, protocol.DoctorWarn: 3}, "2 problems, 3 warnings"},
	} {
		if got := verdict(paint{}, test.count); got != test.want {
			t.Errorf("%v: %q, want %q", test.count, got, test.want)
		}
	}
}
