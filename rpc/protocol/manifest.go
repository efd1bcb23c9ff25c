package protocol

// ManifestListParams ask for the manifests of a workspace (manifest/list).
type ManifestListParams struct {
	// Root is a folder, as a file URI or an absolute path. Absent, every
	// workspace folder is searched.
	Root string `json:"root,omitempty"`
}

// ManifestListResult answers manifest/list.
type ManifestListResult struct {
	// Manifests in the order of their paths.
	Manifests []Manifest `json:"manifests"`
}

// Manifest is one Okteto manifest.
type Manifest struct {
	// URI is the file.
	URI string `json:"uri"`
	// Name is the manifest's own, "" where it has none.
	Name string `json:"name,omitempty"`
	// Devs in the order of the file. Where the manifest is invalid these are
	// the ones that could be understood.
	Devs []Dev `json:"devs"`
	// Diagnostics of the file, in the order of their positions.
	Diagnostics []Diagnostic `json:"diagnostics"`
}

// Dev is one entry of the manifest's dev section.
type Dev struct {
	Name string `json:"name"`
	// Mode is the entry's mode: "hybrid", or "sync" for Okteto's default.
	Mode string `json:"mode"`
	// Runnable says that session/start can take it; Reason says why not.
	Runnable bool   `json:"runnable"`
	Reason   string `json:"reason,omitempty"`
	// Range is where the entry stands in the file.
	Range Range `json:"range"`
}

// Diagnostic is something to say about a place in a document, as in LSP.
type Diagnostic struct {
	Range Range `json:"range"`
	// Severity is 1 error, 2 warning, 3 information, 4 hint.
	Severity int `json:"severity"`
	// Code is stable, for example "unknown-field".
	Code string `json:"code,omitempty"`
	// Source is "tandem".
	Source  string `json:"source"`
	Message string `json:"message"`
	// Hint says what to do about it. Where diagnostics go to an editor, which
	// shows the message alone, it stands in the message.
	Hint string `json:"hint,omitempty"`
	// Tags are LSP's: 1 is for what has no effect, so that an editor can fade it.
	Tags []int `json:"tags,omitempty"`
}

// Range is a half-open span of a document, as in LSP.
type Range struct {
	Start Position `json:"start"`
	End   Position `json:"end"`
}

// Position is a place in a document: zero-based line, and character in UTF-16
// code units, as in LSP.
type Position struct {
	Line      int `json:"line"`
	Character int `json:"character"`
}
