package protocol

// EnvResolveParams ask for an environment (env/resolve): of a session by ID,
// or, without a session, of an entry of a manifest, computed from the cluster's
// objects. Exactly one of ID and Manifest is set.
type EnvResolveParams struct {
	ID string `json:"id,omitempty"`
	// Manifest is the file, as a file URI or an absolute path.
	Manifest string `json:"manifest,omitempty"`
	// Dev is the manifest's entry; absent takes its only hybrid one.
	Dev string `json:"dev,omitempty"`
	// Reveal gives the values of secrets too.
	Reveal bool `json:"reveal,omitempty"`
}

// EnvResolveResult answers env/resolve.
type EnvResolveResult struct {
	// Variables sorted by name.
	Variables []Variable   `json:"variables"`
	Warnings  []EnvWarning `json:"warnings"`
	// Hash is the one of [Env], of the values too.
	Hash string `json:"hash"`
}

// Variable is one variable with its origin.
type Variable struct {
	Name string `json:"name"`
	// Value is absent where Secret is true and the request did not reveal, and
	// where the variable is unresolved.
	Value *string `json:"value,omitempty" private:"drop"`
	// Origin is where the value comes from.
	Origin Origin `json:"origin"`
	// Secret says that the value comes from a Secret, or embeds one.
	Secret bool `json:"secret"`
	// Unresolved says that the value exists only in a running pod, and no
	// session has one.
	Unresolved bool `json:"unresolved,omitempty"`
	// Expansion is the text before $(VAR) in it was replaced; absent where
	// nothing was.
	Expansion string `json:"expansion,omitempty"`
	// Shadowed are the origins that lost, from the strongest to the weakest.
	Shadowed []Origin `json:"shadowed"`
	// Notes are for a reader.
	Notes []string `json:"notes"`
	// Local is what becomes of it in a process on this machine.
	Local *LocalDecision `json:"local,omitempty"`
}

// Origin is where a value comes from.
type Origin struct {
	// Tier is the place in the order of precedence, for example "dev", "spec",
	// "configMap", "secret" or "image".
	Tier string `json:"tier"`
	// Kind and Object name the object, for example "Secret" and "db".
	Kind   string `json:"kind,omitempty"`
	Object string `json:"object,omitempty"`
	// Key of the object.
	Key string `json:"key,omitempty"`
	// Field is the path of a fieldRef or resourceFieldRef.
	Field string `json:"field,omitempty"`
	// ResourceVersion is the version of the object that was read.
	ResourceVersion string `json:"resourceVersion,omitempty"`
}

// EnvWriteParams ask for an environment file (env/write). The file is made
// for its owner alone (mode 0600).
type EnvWriteParams struct {
	ID      string `json:"id"`
	Dialect string `json:"dialect"`
	// Path of the file, as a file URI or an absolute path; absent is the
	// dialect's own name in the environment directory.
	Path string `json:"path,omitempty"`
}

// EnvWriteResult answers env/write.
type EnvWriteResult struct {
	Path string `json:"path"`
	// Count of variables in the file.
	Count int `json:"count"`
	// Undeliverable are the variables that the dialect cannot hold.
	Undeliverable []Undeliverable `json:"undeliverable"`
}

// Undeliverable is a variable that a dialect cannot hold.
type Undeliverable struct {
	Name   string `json:"name"`
	Reason string `json:"reason"`
}
