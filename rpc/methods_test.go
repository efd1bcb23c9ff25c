package rpc

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-dev/tandem/rpc/protocol"
)

// What the reference lists, and initialize announces, is what is answered.
func TestEveryRequestHasAHandler(t *testing.T) {
	var listed []string
	for _, m := range protocol.Messages() {
		if m.From == protocol.FromClient && m.Call {
			listed = append(listed, m.Method)
		}
	}
	slices.Sort(listed)
	handled := slices.Sorted(maps.Keys(NewServer(Config{}).methods))
	if diff := cmp.Diff(listed, handled); diff != "" {
		t.Errorf("requests of rpc/protocol (-) and handlers (+) differ:\n%s", diff)
	}
}
