// Package vscode proves the extension in a real VS Code: the server part of
// code-server with the packaged .vsix installed, a Chromium that shows its
// window, and a person's clicks, on the real cluster. The scenarios are in
// extensions/vscode/test/editor; this package brings them a shop, a workspace
// and the .vsix, and looks at the cluster afterwards.
//
// scripts/need-vscode installs the editor; `make test-vscode` does it all.
// Pictures of each step are kept below TANDEM_VSCODE_PICTURES where that is set.
package vscode
