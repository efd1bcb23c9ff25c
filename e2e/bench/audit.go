package bench

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
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

// auditEvent is the part of audit.k8s.io/v1 that is used.
type auditEvent struct {
	AuditID          string    `json:"auditID"`
	Verb             string    `json:"verb"`
	Received         time.Time `json:"requestReceivedTimestamp"`
	ImpersonatedUser struct {
		Username string `json:"username"`
	} `json:"impersonatedUser"`
	ObjectRef struct {
		Resource    string `json:"resource"`
		Subresource string `json:"subresource"`
	} `json:"objectRef"`
}

// countRequests counts what a user asked for from one moment on and before
// another.
func countRequests(log []byte, user string, from, to time.Time) (r requests, err error) {
	seen := map[string]bool{} // a request has an event for each of its stages
	lines := bufio.NewScanner(bytes.NewReader(log))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if !bytes.Contains(lines.Bytes(), []byte(user)) {
			continue
		}
		var e auditEvent
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			return r, fmt.Errorf("the audit log: %w", err)
		}
		if e.ImpersonatedUser.Username != user || seen[e.AuditID] || e.Received.Before(from) || !e.Received.Before(to) {
			continue
		}
		seen[e.AuditID] = true
		switch {
		case e.ObjectRef.Subresource == "portforward":
			r.Streams++
		case e.Verb == "watch":
			r.Watches++
		default:
			r.Plain++
			r.Calls = append(r.Calls, e.Verb+" "+strings.TrimSuffix(e.ObjectRef.Resource+"/"+e.ObjectRef.Subresource, "/"))
		}
	}
	return r, lines.Err()
}

// auditLog reads the project's own cluster's log; an error where KUBECONFIG
// leads to another cluster, whose log is not to be had.
func auditLog(kubeconfig string) ([]byte, error) {
	root, err := harness.Root()
	if err != nil {
		return nil, err
	}
	cluster := filepath.Join(root, "testbed", "cluster")
	own, err := exec.Command(cluster, "kubeconfig").Output()
	if err != nil {
		return nil, fmt.Errorf("%s kubeconfig: %w", cluster, err)
	}
	if strings.TrimSpace(string(own)) != kubeconfig {
		return nil, fmt.Errorf("%s is not the testbed's cluster", kubeconfig)
	}
	// The log is rotated by size, so that a span may begin in the file before.
	files, err := filepath.Glob(filepath.Join(filepath.Dir(filepath.Dir(kubeconfig)), "log", "audit*.log"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("no audit log beside %s", kubeconfig)
	}
	slices.Sort(files) // audit-TIME.log comes before audit.log
	var log []byte
	for _, file := range files[max(0, len(files)-2):] {
		content, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		log = append(log, content...)
	}
	return log, nil
}
