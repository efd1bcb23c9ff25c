package giveback

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Mark is the annotation of an original that a session has: a JSON object, of
// which the members token, replicas and ending matter here.
const Mark = "tandem.dev/session"

// Plan is what a session has changed, as the file plan in the guard's folder: who
// starts the session writes it into the Secret that the folder is made of.
type Plan struct {
	Namespace string `json:"namespace"`
	// Kind, "Deployment" or "StatefulSet", Name and UID are the original's.
	Kind string `json:"kind"`
	Name string `json:"name"`
	UID  string `json:"uid"`
	// Token tells the session from others of the same name. Replicas are those
	// that the original had when it began; the mark has the newer number.
	Token    string `json:"token"`
	Replicas int32  `json:"replicas"`
	// Deployment is the dev Deployment, DeploymentUID its UID, and Secret holds
	// the session's keys.
	Deployment    string `json:"deployment"`
	DeploymentUID string `json:"deploymentUID"`
	Secret        string `json:"secret"`
	// ReplicaSets are those of the original that may bear copies of the mark: the
	// Deployment controller copies annotations there and takes none away.
	ReplicaSets []string `json:"replicaSets,omitempty"`
}

// The files of the guard's folder. Those but the plan are what the cluster puts
// into every Secret of the type kubernetes.io/service-account-token.
const (
	planFile  = "plan"
	tokenFile = "token"
	caFile    = "ca.crt"
)

// errNotMounted is the state of a folder that the kubelet has not filled yet.
var errNotMounted = errors.New("no token is mounted")

func readPlan(dir string) (Plan, error) {
	content, err := readMounted(dir, planFile)
	if err != nil {
		return Plan{}, err
	}
	var p Plan
	if err := json.Unmarshal(content, &p); err != nil {
		return Plan{}, fmt.Errorf("reading the plan: %w", err)
	}
	if p.Kind != "Deployment" && p.Kind != "StatefulSet" {
		return Plan{}, fmt.Errorf("the plan is for a %q", p.Kind)
	}
	for _, field := range []string{p.Namespace, p.Name, p.UID, p.Token, p.Deployment, p.DeploymentUID, p.Secret} {
		if field == "" {
			return Plan{}, errors.New("the plan is not complete")
		}
	}
	return p, nil
}

func readMounted(dir, name string) ([]byte, error) {
	content, err := os.ReadFile(filepath.Join(dir, name))
	if errors.Is(err, os.ErrNotExist) {
		return nil, errNotMounted
	}
	return content, err
}

// record is a mark as far as it concerns the guard; the rest is kept as it is.
type record struct {
	Token    string `json:"token"`
	Replicas int32  `json:"replicas"`
	Ending   string `json:"ending"`
	all      map[string]json.RawMessage
}

// readMark understands the mark of an original; false where there is none, or
// none that a session has written.
func readMark(annotations map[string]string) (record, bool) {
	text, ok := annotations[Mark]
	if !ok {
		return record{}, false
	}
	var r record
	if json.Unmarshal([]byte(text), &r) != nil || json.Unmarshal([]byte(text), &r.all) != nil || r.Token == "" {
		return record{}, false
	}
	return r, true
}

// ending is the mark with the word of who ends the session.
func (r record) ending(by string) (string, error) {
	word, err := json.Marshal(by)
	if err != nil {
		return "", err
	}
	r.all["ending"] = word
	text, err := json.Marshal(r.all)
	return string(text), err
}
