package protocol

// RunConfigParams say which run configurations are planned, written or removed
// (runConfig/plan, runConfig/write, runConfig/remove): those of a session's dev
// (ID), or those of a manifest's devs. Exactly one of ID and Manifest is set.
type RunConfigParams struct {
	// ID is a session. Its environment is known, so what an environment file
	// cannot hold is told, or stands in the configuration where it is no secret.
	// The session is the client's own, so no task to start it is written.
	ID string `json:"id,omitempty"`
	// Manifest is the file, as a file URI or an absolute path.
	Manifest string `json:"manifest,omitempty"`
	// Dev is the manifest's entry; absent takes every hybrid one. For removing it
	// need not be in the manifest any more, nor need that be there; absent then
	// takes all that is Tandem's in the workspace.
	Dev string `json:"dev,omitempty"`
	// Editor is "vscode", "jetbrains", "neovim" or "zed".
	Editor string `json:"editor"`
	// Workspace is the folder that the editor has open, as a file URI or an
	// absolute path. Absent, the workspace folder that holds the manifest, or
	// the manifest's own.
	Workspace string `json:"workspace,omitempty"`
	// NoTask leaves out the task that starts the session, for a client that does
	// so itself.
	NoTask bool `json:"noTask,omitempty"`
	// AttachPort, where not 0, adds a configuration that attaches to a debugger
	// listening on that port of this machine.
	AttachPort int `json:"attachPort,omitempty"`
	// Remove, for runConfig/plan alone, plans the removal.
	Remove bool `json:"remove,omitempty"`
}

// RunConfigResult answers runConfig/plan with what would change, and
// runConfig/write and runConfig/remove with what has changed.
type RunConfigResult struct {
	// Workspace is the folder that was written for, as a URI.
	Workspace string `json:"workspace"`
	// Files in the order of their paths; empty where nothing is to be changed.
	Files []RunConfigFile `json:"files"`
	// Notes are for the user: what was left alone and why, and which variables
	// only `tandem run` brings, by name.
	Notes []string `json:"notes"`
}

// RunConfigFile is one file of the editor's.
type RunConfigFile struct {
	URI string `json:"uri"`
	// Action is "create", "change" or "delete".
	Action string `json:"action"`
	// Edits are the changes of the text as it was before, in the order of their
	// places; those of a file that is created begin with nothing.
	Edits []TextEdit `json:"edits"`
}

// TextEdit is a change of a document, as in LSP.
type TextEdit struct {
	Range   Range  `json:"range"`
	NewText string `json:"newText"`
}
