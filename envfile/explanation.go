package envfile

// Question asks for everything about one name.
type Question struct {
	Name string
	// Reveal gives the values of secrets too.
	Reveal bool
	// Forwarded and Hosts are what [RewriteHosts] was or would be given.
	Forwarded []Forwarded
	Hosts     HostMode
	// Own is the user's environment, as os.Environ gives it, and Policy the rule
	// by which the environment is laid over it.
	Own    []string
	Policy MergePolicy
}

// Status says in a word what an explanation is about.
type Status string

const (
	// StatusSet: the environment has the variable and its value.
	StatusSet Status = "set"
	// StatusUnresolved: something sets it, and the value is not known yet.
	StatusUnresolved Status = "unresolved"
	// StatusAbsent: something names it or may do so, and nothing sets it.
	StatusAbsent Status = "absent"
	// StatusUnknown: nothing has to do with it.
	StatusUnknown Status = "unknown"
)

// Explanation is the whole history of one name. It marshals to JSON; the values
// of secrets are in it only where the question said so.
type Explanation struct {
	Name   string `json:"name"`
	Status Status `json:"status"`
	// Value is what the environment has, after a rewrite; nil where the status
	// is not StatusSet, and where Secret is true and nothing is revealed.
	Value *string `json:"value,omitempty"`
	// Secret says that the value comes from a Secret or embeds one.
	Secret bool `json:"secret,omitempty"`
	// Chain is every source that names the variable, the strongest first.
	Chain []Step `json:"chain"`
	// Observed compares with the container; nil where nothing was observed.
	Observed *Observation `json:"observed,omitempty"`
	// Rewrite is what rewriteHosts did or suggests; nil for nothing.
	Rewrite *HostChange `json:"rewrite,omitempty"`
	// Local is what becomes of it in the local process; nil where the
	// environment does not have it.
	Local *Decision `json:"local,omitempty"`
	// Reasons say why it is absent or unresolved, or may be absent.
	Reasons []string `json:"reasons,omitempty"`
	// Notes and Warnings are those of the variable.
	Notes    []string  `json:"notes,omitempty"`
	Warnings []Warning `json:"warnings,omitempty"`
	// Similar are names that the environment has, for a StatusUnknown one.
	Similar []string `json:"similar,omitempty"`
}

// Outcome is what became of one source.
type Outcome string

const (
	// Used: the value is this one's.
	Used Outcome = "used"
	// Shadowed: a stronger source has the name.
	Shadowed Outcome = "shadowed"
	// SetsNothing: the source would set the name and has nothing for it.
	SetsNothing Outcome = "sets-nothing"
)

// Step is one source that names the variable.
type Step struct {
	Origin  Origin  `json:"origin"`
	Outcome Outcome `json:"outcome"`
	// Reason says why it was not used, or what is special about it.
	Reason string `json:"reason,omitempty"`
	// Value is what this source gives, computed; nil where it has none, and
	// where Secret is true and nothing is revealed.
	Value  *string `json:"value,omitempty"`
	Secret bool    `json:"secret,omitempty"`
	// Text is the value as the spec has it, where that has references.
	Text string `json:"text,omitempty"`
	// References are the steps from Text to Value, in their order.
	References []Reference `json:"references,omitempty"`
}

// ReferenceOutcome is what became of a $(NAME).
type ReferenceOutcome string

const (
	// Replaced: the value of the variable stands in its place.
	Replaced ReferenceOutcome = "replaced"
	// StaysText: nothing that the kubelet had seen by then sets the name.
	StaysText ReferenceOutcome = "stays-text"
	// Escaped: $$ is one dollar, and what follows it is no reference.
	Escaped ReferenceOutcome = "escaped"
	// Unterminated: $( without its parenthesis stays as it is.
	Unterminated ReferenceOutcome = "unterminated"
	// Waiting: the variable has no value yet, so the whole has none.
	Waiting ReferenceOutcome = "waiting"
)

// Reference is one $(NAME) or $$ of a text.
type Reference struct {
	// Text is $(NAME), $$ or $( as it stands in the spec.
	Text    string           `json:"text"`
	Name    string           `json:"name,omitempty"`
	Outcome ReferenceOutcome `json:"outcome"`
	// Origin is where the value comes from, for Replaced and Waiting.
	Origin *Origin `json:"origin,omitempty"`
	Value  *string `json:"value,omitempty"` // as in Step
	Secret bool    `json:"secret,omitempty"`
	Reason string  `json:"reason,omitempty"`
	// References made that value in turn. They are told where the name is met
	// first.
	References []Reference `json:"references,omitempty"`
}

// Comparison says how computed and observed relate.
type Comparison string

const (
	Equal        Comparison = "equal"
	Different    Comparison = "different"
	OnlyObserved Comparison = "only-observed"
	OnlyComputed Comparison = "only-computed"
	// FilledIn: the spec gives the name, the container the value.
	FilledIn Comparison = "filled-in"
)

// Observation is what the running container has, compared with what the spec gives.
type Observation struct {
	Comparison Comparison `json:"comparison"`
	// Value is the container's; nil where it has none, and as in Step.
	Value *string `json:"value,omitempty"`
	// Reason says what was made of it.
	Reason string `json:"reason"`
}

// HostChange is a rewrite of one value, done or suggested.
type HostChange struct {
	Applied  bool        `json:"applied"`
	Forwards []Forwarded `json:"forwards"`
	// Before and After are the values; nil for those of a secret.
	Before *string `json:"before,omitempty"`
	After  *string `json:"after,omitempty"`
}
