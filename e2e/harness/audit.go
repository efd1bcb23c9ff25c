package harness

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
)

// AuditEvent is one request as the API server's audit log has it: the part of
// audit.k8s.io/v1 that is used.
type AuditEvent struct {
	AuditID  string    `json:"auditID"`
	Verb     string    `json:"verb"`
	Received time.Time `json:"requestReceivedTimestamp"`
	User     struct {
		Username string `json:"username"`
	} `json:"user"`
	ImpersonatedUser struct {
		Username string `json:"username"`
	} `json:"impersonatedUser"`
	ObjectRef struct {
		Resource    string `json:"resource"`
		Subresource string `json:"subresource"`
	} `json:"objectRef"`
}

// What is the resource with its subresource, as RBAC writes it.
func (e AuditEvent) What() string {
	return strings.TrimSuffix(e.ObjectRef.Resource+"/"+e.ObjectRef.Subresource, "/")
}

// AuditEvents are a user's requests from one moment on and before another, each
// once and in order.
func AuditEvents(log []byte, user string, from, to time.Time) ([]AuditEvent, error) {
	var all []AuditEvent
	seen := map[string]bool{} // a request has an event for each of its stages
	lines := bufio.NewScanner(bytes.NewReader(log))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if !bytes.Contains(lines.Bytes(), []byte(user)) {
			continue
		}
		var e AuditEvent
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			return all, fmt.Errorf("the audit log: %w", err)
		}
		if e.User.Username != user && e.ImpersonatedUser.Username != user || seen[e.AuditID] || e.Received.Before(from) || !e.Received.Before(to) {
			continue
		}
		seen[e.AuditID] = true
		all = append(all, e)
	}
	return all, lines.Err()
}

// AuditLog reads the project's own cluster's log; an error where the kubeconfig
// leads to another cluster, whose log is not to be had.
func AuditLog(kubeconfig string) ([]byte, error) {
	root, err := Root()
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
