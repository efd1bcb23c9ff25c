package protocol

// ClusterDoctorParams ask what could keep a session from starting (cluster/doctor).
type ClusterDoctorParams struct {
	// Manifest is a file URI or an absolute path. Absent, the first workspace
	// folder is searched.
	Manifest string `json:"manifest,omitempty"`
	// Dev names the entry; absent, the only hybrid one is taken.
	Dev string `json:"dev,omitempty"`
	WorkDoneProgressParams
}

// ClusterDoctorResult answers cluster/doctor.
type ClusterDoctorResult struct {
	// Manifest is the file URI of the one that was found.
	Manifest string `json:"manifest,omitempty"`
	// Dev is the entry that was looked at.
	Dev string `json:"dev,omitempty"`
	// Context, Namespace and Server are the cluster that was looked at; absent
	// without a usable kubeconfig.
	Context   string `json:"context,omitempty"`
	Namespace string `json:"namespace,omitempty"`
	Server    string `json:"server,omitempty"`
	// Checks always has every check once, what others depend on first: manifest,
	// local-ports, kubeconfig, api-server, credentials, clock, permissions,
	// permissions-optional, guard, workload, leftovers, agent-image, pod-security,
	// quota, limit-range, autoscaler.
	Checks []DoctorCheck `json:"checks"`
	// Rights are the permissions of the least Role, each reviewed by the API
	// server; empty where it could not be asked.
	Rights []DoctorRight `json:"rights"`
}

// DoctorCheck is one thing that was looked at.
type DoctorCheck struct {
	// Name is stable, for example "api-server".
	Name   string       `json:"name"`
	Status DoctorStatus `json:"status"`
	// Detail says what was found; its lines are separated by "\n".
	Detail string `json:"detail"`
	// Hint says what to do about it.
	Hint string `json:"hint,omitempty"`
}

// DoctorStatus is how a check came out.
type DoctorStatus string

// The outcomes of a check.
const (
	// DoctorOK: nothing to do.
	DoctorOK DoctorStatus = "ok"
	// DoctorWarn: a session starts, but something should be known.
	DoctorWarn DoctorStatus = "warn"
	// DoctorFail: a session does not start.
	DoctorFail DoctorStatus = "fail"
	// DoctorSkip: this could not be looked at; Detail says why.
	DoctorSkip DoctorStatus = "skip"
)

// DoctorRight is one permission that was reviewed.
type DoctorRight struct {
	// Verb and Resource are as RBAC has them, for example "patch" and
	// "deployments.apps/scale".
	Verb     string `json:"verb"`
	Resource string `json:"resource"`
	// Name is the object that was asked for; absent, any.
	Name string `json:"name,omitempty"`
	// Needed says that no session starts without it.
	Needed  bool `json:"needed"`
	Allowed bool `json:"allowed"`
	// Purpose is what it is for.
	Purpose string `json:"purpose"`
}
