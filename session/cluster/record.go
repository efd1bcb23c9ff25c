package cluster

import (
	"encoding/json"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// Record says what a session changed in a cluster and what was there before. It
// is kept in the journal and, as JSON, in [SessionAnnotation] on the original;
// either copy is enough for [Cluster.Restore].
type Record struct {
	// Session is the caller's name for the session; Owner and Host tell people
	// whose it is.
	Session string    `json:"session"`
	Owner   string    `json:"owner,omitempty"`
	Host    string    `json:"host,omitempty"`
	Since   time.Time `json:"since"`
	// Token is the value of DevLabel on what the session created. It differs
	// between two sessions of the same name.
	Token string `json:"token"`

	// Kubeconfig and Context say how the cluster was reached. They mean nothing
	// on another machine, so the annotation leaves them out.
	Kubeconfig string `json:"kubeconfig,omitempty"`
	Context    string `json:"context,omitempty"`

	// The original, and the replicas it is to have again.
	Namespace string    `json:"namespace"`
	Kind      string    `json:"kind"`
	Name      string    `json:"name"`
	UID       types.UID `json:"uid"`
	Container string    `json:"container,omitempty"`
	Replicas  int32     `json:"replicas"`

	// Ending, on the original alone, says who is giving it back, from before its
	// replicas come back: a session that lives must not take that for a contest.
	Ending string `json:"ending,omitempty"`

	// What stands beside it.
	Deployment string `json:"deployment"`
	Secret     string `json:"secret"`
	// Port is where the agent listens, on the dev pod's loopback.
	Port int `json:"port"`
	// Guard is the name of the ServiceAccount, Role, RoleBinding and Secret of the
	// guard in the cluster, "" without one, and GuardTTL how long it does without a
	// link.
	Guard    string        `json:"guard,omitempty"`
	GuardTTL time.Duration `json:"guardTTL,omitempty"`
}

// Record is what Divert is going to do with these arguments: to be journalled
// before Divert is called. The same arguments give the same Record.
func (c *Cluster) Record(w *Workload, spec DivertSpec) Record {
	token := digest(12, spec.SessionID, spec.Owner, spec.Host, spec.Since.UTC().Format(time.RFC3339Nano), string(w.UID))
	name := devName(w.Name)
	port := spec.SSHPort
	if port == 0 {
		port = agentPort(&w.Template.Spec, spec.Reverse)
	}
	guard := ""
	if spec.GuardTTL > 0 {
		guard = name + "-" + token + guardSuffix
	}
	return Record{
		Session: spec.SessionID, Owner: spec.Owner, Host: spec.Host, Since: spec.Since.UTC(), Token: token,
		Kubeconfig: c.kubeconfig, Context: c.context,
		Namespace: w.Namespace, Kind: w.Kind, Name: w.Name, UID: w.UID, Container: w.Container, Replicas: w.Replicas,
		Deployment: name,
		// The token makes the name the session's own, so that deleting it by
		// name can never hit another session's keys.
		Secret: name + "-" + token,
		Port:   port,
		Guard:  guard, GuardTTL: max(spec.GuardTTL, 0),
	}
}

// annotation is the Record as the original carries it.
func (r Record) annotation() string {
	r.Kubeconfig, r.Context = "", ""
	text, err := json.Marshal(r)
	if err != nil {
		panic("cluster: a Record always marshals: " + err.Error()) // strings, numbers, a time
	}
	return string(text)
}

// recordOf reads the annotation of an original; false where there is none or
// it is not ours to understand.
func recordOf(annotations map[string]string) (Record, bool) {
	return recordIn(annotations[SessionAnnotation])
}

func recordIn(text string) (Record, bool) {
	var r Record
	if err := json.Unmarshal([]byte(text), &r); err != nil || r.Token == "" {
		return Record{}, false
	}
	return r, true
}
