package cluster

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
)

// What marks our objects.
const (
	// SessionAnnotation on an original holds the [Record] as JSON while the
	// original is diverted.
	SessionAnnotation = "tandem.dev/session"
	// DevLabel is on the dev Deployment, its pods and the Secret; its value is
	// the Record's Token. It is the dev Deployment's whole selector.
	DevLabel = "tandem.dev/dev-container"

	// takenOverAnnotation on a dev Deployment names who takes the workload over,
	// for the session that is about to lose it.
	takenOverAnnotation = "tandem.dev/taken-over-by"
	// recordAnnotation on a dev Deployment holds the Record as well, for the case
	// that somebody removes the mark from the original.
	recordAnnotation = "tandem.dev/record"

	// On everything of ours, pods included, for people: labels as far as a label
	// can hold the value; annotations, on what is not a pod, with the whole.
	ownerKey     = "tandem.dev/owner"
	hostKey      = "tandem.dev/host"
	sessionIDKey = "tandem.dev/session-id"
	sinceKey     = "tandem.dev/since"

	managedByLabel = "app.kubernetes.io/managed-by"
	managedBy      = "tandem"
)

// maxName keeps the names of the dev Deployment's pods within the 63
// characters of a DNS label: the ReplicaSet adds up to 11 and the pod 6, and
// Kubernetes shortens only the last step.
const maxName = 63 - 11 - 6

// devName is the name of the dev Deployment: the original's, marked. Names that
// would grow too long are cut and told apart by a hash of the whole.
func devName(original string) string {
	const suffix = "-tandem"
	if len(original)+len(suffix) <= maxName {
		return original + suffix
	}
	hash := digest(8, original)
	head := strings.TrimRight(original[:maxName-len(suffix)-len(hash)-1], "-.")
	return head + "-" + hash + suffix
}

var notInLabels = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// labelValue is text as far as a label's value can hold it: 63 characters of a
// small alphabet that begin and end with a letter or a digit.
func labelValue(text string) string {
	text = notInLabels.ReplaceAllString(text, "_")
	text = strings.TrimLeft(text, "._-")
	return strings.TrimRight(text[:min(len(text), 63)], "._-")
}

// sinceLabel is a time as a label's value can have it.
const sinceLabel = "20060102T150405Z"

// marks are the labels of everything that is the session's.
func (r Record) marks() map[string]string {
	return map[string]string{DevLabel: r.Token, sessionIDKey: labelValue(r.Session), ownerKey: labelValue(r.Owner),
		hostKey: labelValue(r.Host), sinceKey: r.Since.UTC().Format(sinceLabel)}
}

// digest is n hexadecimal characters that stand for the parts.
func digest(n int, parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return hex.EncodeToString(h.Sum(nil))[:n]
}
