package cluster

import (
	"encoding/json"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ChangedBy says in words who last wrote a field of the workload, as the API
// server keeps account of it in managedFields: the name of the program, which is
// what it calls itself, and when. "" where that is not known.
func (w *Workload) ChangedBy(path ...string) string {
	var last *metav1.ManagedFieldsEntry
	for i := range w.managers {
		m := &w.managers[i]
		if m.FieldsV1 == nil || m.Time == nil || !owns(m.FieldsV1.GetRawBytes(), path) {
			continue
		}
		if last == nil || last.Time.Before(m.Time) {
			last = m
		}
	}
	if last == nil {
		return ""
	}
	return fmt.Sprintf("%s at %s", last.Manager, last.Time.Local().Format(time.TimeOnly))
}

// owns reads the set of fields in the form of structured-merge-diff's FieldsV1:
// nested objects whose keys are "f:" and the field's name.
func owns(raw []byte, path []string) bool {
	for _, field := range path {
		var set map[string]json.RawMessage
		if json.Unmarshal(raw, &set) != nil {
			return false
		}
		var ok bool
		if raw, ok = set["f:"+field]; !ok {
			return false
		}
	}
	return true
}
