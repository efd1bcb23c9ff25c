package bench

import (
	"time"

	"github.com/tandem-dev/tandem/e2e/harness"
)

// requests is what one user asked of the API server in a span of time, by the
// server's own audit log.
type requests struct {
	// Plain are requests that have an answer and are over.
	Plain int
	// Watches and Streams last; streams are port-forwards.
	Watches, Streams int
	// Calls are the plain ones in order, for a reader: "create secrets".
	Calls []string
}

// countRequests counts what a user asked for from one moment on and before
// another.
func countRequests(log []byte, user string, from, to time.Time) (r requests, err error) {
	events, err := harness.AuditEvents(log, user, from, to)
	for _, e := range events {
		switch {
		case e.ObjectRef.Subresource == "portforward":
			r.Streams++
		case e.Verb == "watch":
			r.Watches++
		default:
			r.Plain++
			r.Calls = append(r.Calls, e.Verb+" "+e.What())
		}
	}
	return r, err
}
