package protocol

import "time"

// Traffic says who answers the cluster's requests to the workload.
type Traffic string

const (
	// TrafficOriginal: the workload itself, as long as nobody listens here.
	TrafficOriginal Traffic = "original"
	// TrafficBoth: either, for a second or two, so that nobody in the cluster is
	// refused: nodes learn one after the other where to send requests.
	TrafficBoth Traffic = "both"
	// TrafficLocal: this machine, through the reverses; the original is at zero.
	TrafficLocal Traffic = "local"
)

// Switch says when the traffic is turned from the original to this machine.
type Switch string

const (
	// SwitchListening turns it once every local port of a reverse accepts
	// connections, or some of them have for ten seconds. Until then the original
	// serves: nobody in the cluster meets a refused connection.
	SwitchListening Switch = "listening"
	// SwitchNow turns it as soon as the session can, whoever listens.
	SwitchNow Switch = "now"
)

// Readiness says what the dev pod's being ready means.
type Readiness string

const (
	// ReadinessLink: the link to this machine stands.
	ReadinessLink Readiness = "link"
	// ReadinessLocal: besides, somebody listens on the local port of every reverse
	// that was listened on before: a program that ends takes the pod out of the
	// Services until one listens again, and callers meet no connection that leads
	// nowhere.
	ReadinessLocal Readiness = "local"
)

// SessionWarning is something that the user should know of a session that goes on.
type SessionWarning struct {
	// Code is stable: "not-listening" (a local port that a reverse leads to accepts
	// nothing), "contested" (somebody changes the original meanwhile; the message
	// says who and what), "guard-local" (nothing in the cluster would give the
	// workload back if this machine disappeared as a whole), "unguarded" (nobody
	// would give the cluster back after a crash), "autoscaled" (a
	// HorizontalPodAutoscaler scales the workload), "kept" (a GitOps tool or an
	// operator writes its replicas), "original-down" (it was given back, and its
	// pods do not start; the message says why).
	Code    string `json:"code"`
	Message string `json:"message"`
	// Hint says what the user can do, "" where there is nothing to say.
	Hint string    `json:"hint,omitempty"`
	At   time.Time `json:"at"`
}
