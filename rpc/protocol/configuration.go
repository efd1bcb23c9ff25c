package protocol

// DidChangeConfigurationParams tell that the user has changed settings
// (LSP "workspace/didChangeConfiguration"). Only those that are listed change at
// run time; initializationOptions has the others.
type DidChangeConfigurationParams struct {
	// Settings by the name of the tool that they are for.
	Settings Settings `json:"settings"`
}

// DidChangeWorkspaceFoldersParams tell that folders were opened or closed (LSP
// "workspace/didChangeWorkspaceFolders").
type DidChangeWorkspaceFoldersParams struct {
	Event WorkspaceFoldersChangeEvent `json:"event"`
}

// WorkspaceFoldersChangeEvent has the folders.
type WorkspaceFoldersChangeEvent struct {
	Added   []WorkspaceFolder `json:"added"`
	Removed []WorkspaceFolder `json:"removed"`
}

// Settings of a client, of which Tandem reads its own.
type Settings struct {
	Tandem RuntimeSettings `json:"tandem,omitzero"`
}

// RuntimeSettings are the ones that change while the server runs.
type RuntimeSettings struct {
	// LogLevel is the one of [InitializationOptions]; absent changes nothing.
	LogLevel string `json:"logLevel,omitempty"`
}
