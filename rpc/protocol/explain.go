package protocol

// EnvExplainParams ask how one variable came to its value, or why it has none
// (env/explain): in a session by ID or, without a session, in the environment
// of an entry of a manifest. Exactly one of ID and Manifest is set.
type EnvExplainParams struct {
	ID string `json:"id,omitempty"`
	// Manifest is the file, as a file URI or an absolute path.
	Manifest string `json:"manifest,omitempty"`
	// Dev is the manifest's entry; absent takes its only hybrid one.
	Dev string `json:"dev,omitempty"`
	// Name of the variable.
	Name string `json:"name"`
	// Reveal gives the values of secrets too.
	Reveal bool `json:"reveal,omitempty"`
}

// Explanation answers env/explain. A value is absent wherever it is a secret's
// and the request did not reveal.
type Explanation struct {
	// Name as the environment spells it.
	Name string `json:"name"`
	// Status says in a word whether there is a value.
	Status ExplanationStatus `json:"status"`
	// Value is what the environment has, after a rewrite.
	Value *string `json:"value,omitempty" private:"drop"`
	// Secret says that the value comes from a Secret, or embeds one.
	Secret bool `json:"secret"`
	// Chain has every source that names the variable, the strongest first.
	Chain []ExplanationStep `json:"chain"`
	// Observed compares with the running container; null without a session.
	Observed *Observation `json:"observed"`
	// Rewrite is what the option rewriteHosts did or suggests; null for nothing.
	Rewrite *HostRewrite `json:"rewrite"`
	// Local is what becomes of it in the local process; null where the environment does not have it.
	Local *LocalDecision `json:"local"`
	// Reasons say why it is absent or unresolved, or may be.
	Reasons []string `json:"reasons"`
	// Notes are for a reader.
	Notes    []string     `json:"notes"`
	Warnings []EnvWarning `json:"warnings"`
	// Similar are names that the environment has, where the status is "unknown".
	Similar []string `json:"similar"`
}

// ExplanationStatus says whether a variable has a value.
type ExplanationStatus string

const (
	// ExplanationSet: the environment has it, with a value.
	ExplanationSet ExplanationStatus = "set"
	// ExplanationUnresolved: something sets it, and the value is not known yet.
	ExplanationUnresolved ExplanationStatus = "unresolved"
	// ExplanationAbsent: something names it or may do so, and nothing sets it.
	ExplanationAbsent ExplanationStatus = "absent"
	// ExplanationUnknown: nothing has to do with it.
	ExplanationUnknown ExplanationStatus = "unknown"
)

// ExplanationStep is one source that names the variable.
type ExplanationStep struct {
	Origin Origin `json:"origin"`
	// Outcome is what became of it.
	Outcome StepOutcome `json:"outcome"`
	// Reason says why it is not used, or has no value.
	Reason string `json:"reason,omitempty"`
	// Value that this source gives.
	Value  *string `json:"value,omitempty" private:"drop"`
	Secret bool    `json:"secret"`
	// Text is the value as the spec has it; absent where that has no reference.
	Text string `json:"text,omitempty" private:"drop"`
	// References are the steps from Text to Value, in their order.
	References []Reference `json:"references"`
}

// StepOutcome is what became of a source.
type StepOutcome string

const (
	// StepUsed: the value is this one's.
	StepUsed StepOutcome = "used"
	// StepShadowed: a stronger source has the name.
	StepShadowed StepOutcome = "shadowed"
	// StepSetsNothing: the source is optional and not there.
	StepSetsNothing StepOutcome = "sets-nothing"
)

// Reference is one $(NAME) of a text, or a $$ or $( that is none.
type Reference struct {
	// Text as it stands in the spec.
	Text string `json:"text"`
	// Name between the parentheses, absent for $$ and $(.
	Name string `json:"name,omitempty"`
	// Outcome is what became of it.
	Outcome ReferenceOutcome `json:"outcome"`
	// Origin is where its value comes from; absent without one.
	Origin *Origin `json:"origin,omitempty"`
	// Value that stands in its place.
	Value  *string `json:"value,omitempty" private:"drop"`
	Secret bool    `json:"secret"`
	// Reason says why it stays as text, or what it waits for.
	Reason string `json:"reason,omitempty"`
	// References made that value in turn. They are told where a name is met first.
	References []Reference `json:"references"`
}

// ReferenceOutcome is what became of a reference.
type ReferenceOutcome string

const (
	// ReferenceReplaced: its value stands in its place.
	ReferenceReplaced ReferenceOutcome = "replaced"
	// ReferenceStaysText: nothing that the kubelet had seen by then sets the name.
	ReferenceStaysText ReferenceOutcome = "stays-text"
	// ReferenceEscaped: $$ is one dollar, and what follows is no reference.
	ReferenceEscaped ReferenceOutcome = "escaped"
	// ReferenceUnterminated: $( without its parenthesis stays as it is.
	ReferenceUnterminated ReferenceOutcome = "unterminated"
	// ReferenceWaiting: it has no value yet, so the whole has none.
	ReferenceWaiting ReferenceOutcome = "waiting"
)

// Observation is what the running container has, compared with what the spec gives.
type Observation struct {
	// Comparison in a word.
	Comparison Comparison `json:"comparison"`
	// Value that the container has; absent where it has none.
	Value *string `json:"value,omitempty" private:"drop"`
	// Reason says what was made of it.
	Reason string `json:"reason"`
}

// Comparison of the spec with the running container.
type Comparison string

const (
	// ComparisonEqual: both have the same value.
	ComparisonEqual Comparison = "equal"
	// ComparisonDifferent: the container has another value.
	ComparisonDifferent Comparison = "different"
	// ComparisonOnlyObserved: the image, the runtime, or a webhook sets it.
	ComparisonOnlyObserved Comparison = "only-observed"
	// ComparisonOnlyComputed: the container does not have it.
	ComparisonOnlyComputed Comparison = "only-computed"
	// ComparisonFilledIn: the spec gives the name, the container the value.
	ComparisonFilledIn Comparison = "filled-in"
)

// HostRewrite tells of a value that points at services which the session forwards.
type HostRewrite struct {
	// Applied says that it was rewritten; else it is suggested.
	Applied bool `json:"applied"`
	// Forwards that the value points at.
	Forwards []Forwarded `json:"forwards"`
	// Before and After are the values.
	Before *string `json:"before,omitempty" private:"drop"`
	After  *string `json:"after,omitempty" private:"drop"`
}

// Forwarded is a port of a Service that has an end on this machine.
type Forwarded struct {
	// Service is its name, or a host as the pod resolves it.
	Service string `json:"service"`
	// RemotePort is the Service's.
	RemotePort int `json:"remotePort"`
	// LocalAddress is host and port on this machine.
	LocalAddress string `json:"localAddress"`
}

// LocalDecision is what becomes of a variable in a process on this machine,
// which has the user's own environment beneath the session's.
type LocalDecision struct {
	// Action in a word.
	Action LocalAction `json:"action"`
	// As is its name there; absent for its own.
	As string `json:"as,omitempty"`
	// Replaces says that the user has another value of their own, which it hides.
	Replaces bool `json:"replaces"`
	// Reason is for a reader.
	Reason string `json:"reason"`
}

// LocalAction is what becomes of a variable in a process on this machine.
type LocalAction string

const (
	// LocalApplied: the process gets the environment's value.
	LocalApplied LocalAction = "applied"
	// LocalKept: the process keeps the user's own value.
	LocalKept LocalAction = "kept-local"
	// LocalLeftOut: the process does not get it, and the user has none.
	LocalLeftOut LocalAction = "left-out"
)
