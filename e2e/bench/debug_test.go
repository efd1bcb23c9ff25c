package bench

import (
	"fmt"
	"testing"
	"time"

	"github.com/tandem-dev/tandem/e2e/harness"
)

func TestStandDebug(t *testing.T) {
	s := newStage(t)
	c := harness.Serve(s.ws)
	snap := s.stand(c)
	fmt.Println("NS", s.ns.Name, snap.Pod)
	time.Sleep(40 * time.Second)
	c.MustStop(snap.ID)
}
