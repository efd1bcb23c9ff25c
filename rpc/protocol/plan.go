package protocol

// SessionPlanParams ask what session/start would do (session/plan).
type SessionPlanParams struct {
	// Manifest is a file URI or an absolute path. Absent, the first workspace
	// folder is searched.
	Manifest string `json:"manifest,omitempty"`
	// Dev names the entry; absent, the only hybrid one is taken.
	Dev string `json:"dev,omitempty"`
	// Takeover plans for a start that ends a session which somebody else has on
	// the workload.
	Takeover bool `json:"takeover,omitempty"`
	WorkDoneProgressParams
}

// SessionPlanResult answers session/plan: how things stand at this moment.
type SessionPlanResult struct {
	// Manifest is its file URI.
	Manifest  string `json:"manifest"`
	Dev       string `json:"dev"`
	Context   string `json:"context"`
	Namespace string `json:"namespace"`
	// Server is the address of the API server.
	Server   string   `json:"server"`
	Workload Workload `json:"workload"`
	// Changes are the cluster's objects that would be made or changed, in order.
	// All of it is undone at the session's end.
	Changes []PlannedChange `json:"changes"`
	// Notes say what of the original the dev container would not have.
	Notes []string `json:"notes"`
	// Files are the environment files that would be written, as paths.
	Files []string `json:"files"`
	// Command is what would run here; empty where nothing would.
	Command []string `json:"command" private:"drop"`
	// Ports are the fixed ports of this machine that the session or its command
	// needs.
	Ports []PlannedPort `json:"ports"`
	// Ignored are fields of the manifest without effect in hybrid mode.
	Ignored []Diagnostic `json:"ignored"`
	// Missing are the permissions of the least Role that the user lacks, needed
	// ones first.
	Missing []DoctorRight `json:"missing"`
	// Autoscalers are the HorizontalPodAutoscalers that scale the workload.
	Autoscalers []PlannedAutoscaler `json:"autoscalers"`
	// Budgets are the PodDisruptionBudgets that would count the dev pod.
	Budgets []PlannedBudget `json:"budgets"`
	// Keepers are the programs that keep the workload as something else says.
	Keepers []PlannedKeeper `json:"keepers"`
	// Problems would make the start fail, as it would say them.
	Problems []Cause `json:"problems"`
	// Unknown is what could not be looked at, and why.
	Unknown []string `json:"unknown"`
}

// PlannedChange is one object of the cluster.
type PlannedChange struct {
	// Action is "create" or "change".
	Action string `json:"action"`
	// Kind and Name are the object's. A name that ends with "…" goes on with the
	// session's own token.
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	// Detail says what it is for, or what changes.
	Detail string `json:"detail"`
}

// PlannedPort is a port of this machine.
type PlannedPort struct {
	Port int `json:"port"`
	// Kind is "forward", where Tandem listens, or "reverse", where the command is
	// expected to.
	Kind string `json:"kind"`
	// Spec is the manifest's entry.
	Spec string `json:"spec"`
	Free bool   `json:"free"`
	// PID and Command are who has it, where that can be told; Command is its short
	// name, never its arguments.
	PID     int    `json:"pid,omitzero"`
	Command string `json:"command,omitempty"`
	// Message says why it is not free.
	Message string `json:"message,omitempty"`
}

// PlannedAutoscaler is a HorizontalPodAutoscaler.
type PlannedAutoscaler struct {
	Name string `json:"name"`
	// Min and Max bound the replicas that it sets.
	Min int32 `json:"min"`
	Max int32 `json:"max"`
	// MadeBy is the kind of the object that made it, for example "ScaledObject";
	// absent where a person did.
	MadeBy string `json:"madeBy,omitempty"`
	// Interferes says that it scales the workload up while a session has it at zero.
	Interferes bool `json:"interferes"`
	// Effect says what it does to a session, and a session to it.
	Effect string `json:"effect"`
	// Advice says what can be done about that.
	Advice string `json:"advice,omitempty"`
}

// PlannedBudget is a PodDisruptionBudget.
type PlannedBudget struct {
	Name string `json:"name"`
	// Rule is what it asks for, for example "minAvailable 1".
	Rule string `json:"rule"`
	// Blocks says that it lets nobody evict the dev pod.
	Blocks bool   `json:"blocks"`
	Effect string `json:"effect"`
}

// PlannedKeeper is a program that may change the workload during a session.
type PlannedKeeper struct {
	// Tool is "Helm", "Argo CD", "Flux", or the kind of the object that owns it.
	Tool string `json:"tool"`
	// Name is the release, the application, the Kustomization, or the owner.
	Name string `json:"name"`
	// Evidence is what tells so.
	Evidence string `json:"evidence"`
	// Replicas says that it is known to write the number of replicas.
	Replicas bool   `json:"replicas"`
	Effect   string `json:"effect"`
	// Advice says what can be done about that.
	Advice string `json:"advice,omitempty"`
}
