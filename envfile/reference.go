package envfile

// What a resolver keeps for an explanation, beside its candidates.

// silence is a source of the env list that sets nothing.
type silence struct {
	seq    int
	origin Origin
	reason string
}

// closedSource is an envFrom whose keys are not known.
type closedSource struct {
	prefix, reason string
	optional       bool
}

// reference is a Reference before anything is masked.
type reference struct {
	text, name string
	outcome    ReferenceOutcome
	origin     Origin
	value      string
	secret     bool
	reason     string
	// seq is the candidate's that was read; references made its value.
	seq        int
	references []reference
}

// referenceTo is a $(name) that reads a candidate.
func referenceTo(name string, c *candidate) reference {
	ref := reference{
		text: "$(" + name + ")", name: name, outcome: Replaced, origin: c.origin, value: c.value,
		secret: c.secret, seq: c.seq, references: c.references,
	}
	if c.unresolved != "" {
		ref.outcome, ref.reason = Waiting, c.unresolved
	}
	return ref
}

// openReference is a $(name) that nothing before it sets. The kubelet looks at
// what stands above it in the list, at envFrom and at the service links.
func (r *resolver) openReference(name string, waiting bool) reference {
	ref := reference{text: "$(" + name + ")", name: name, outcome: StaysText, reason: "nothing sets it"}
	switch {
	case waiting:
		ref.outcome, ref.reason = Waiting, "a service link, or a source that could not be read, may set it"
		return ref
	case len(r.silent[name]) > 0:
		silent := r.silent[name]
		ref.reason = silent[len(silent)-1].reason
		return ref
	}
	for _, d := range r.in.Dev {
		if d.Name == name {
			ref.reason = "only this machine's environment sets it, which the cluster does not know"
		}
	}
	for _, env := range r.in.Container.Env {
		if env.Name == name {
			ref.reason = "it stands further down in the env list"
		}
	}
	return ref
}

// references tells the steps of an expansion. Those of a value that was told
// already are not told again, which keeps a chain of $(A)$(A) short.
func (x *explainer) references(steps []reference, told map[int]bool) []Reference {
	all := make([]Reference, len(steps))
	for i, s := range steps {
		all[i] = Reference{Text: s.text, Name: s.name, Outcome: s.outcome, Secret: s.secret, Reason: s.reason}
		if s.outcome != Replaced && s.outcome != Waiting {
			continue
		}
		if s.origin != (Origin{}) {
			all[i].Origin = &s.origin
		}
		if s.outcome == Replaced {
			all[i].Value = x.masked(s.value, s.secret)
		}
		if !told[s.seq] {
			told[s.seq] = true
			all[i].References = x.references(s.references, told)
		}
	}
	return all
}
