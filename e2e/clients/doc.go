// Package clients runs whole sessions with language clients that are not ours,
// each started as its users start it:
//
//	node      vscode-jsonrpc, vscode-languageserver-protocol   under VS Code's client; TypeScript with the generated types
//	neovim    vim.lsp                                           with the configuration of `tandem init --editor neovim`
//	emacs     eglot                                             with the configuration of `tandem init --editor emacs`
//	java      Eclipse LSP4J                                     under JetBrains' LSP4IJ
//	python    pytest-lsp, pygls                                 the client of many servers' tests
//
// LSP4J is started from the templates of extensions/jetbrains, as LSP4IJ would; its
// other half, for the Debug Adapter Protocol, debugs a dev with them, too.
//
// Each is a program in its own language. It prints what it saw, one JSON array a
// line, and all are held to one list: the manifest's diagnostics, completion and
// lenses, a start that fails, a session with its states, output and environment,
// and the end of the server.
//
// The libraries are pinned by package-lock.json, requirements.txt and pom.xml, and
// installed once into the user's cache; scripts/need-tools brings the programs.
package clients
