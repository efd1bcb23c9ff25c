package main

import (
	"embed"
	"strings"
	"text/template"
)

//go:embed editors
var editorFiles embed.FS

// editor is an editor that can start a language server which it has no plugin for.
type editor struct {
	name  string // as `init --editor` takes it
	title string
	file  string // in editors
	// place says where the configuration goes.
	place string
}

// editors is the one list of them; docs/editors.md has the same configurations.
var editors = []editor{
	{"neovim", "Neovim", "neovim.lua", "save it as ~/.config/nvim/plugin/tandem.lua"},
	{"emacs", "Emacs (eglot)", "emacs.el", "add it to your init file"},
	{"helix", "Helix", "helix.toml", "add it to ~/.config/helix/languages.toml, or to .helix/languages.toml in the project"},
	{"zed", "Zed", "zed.json", "add it to .zed/settings.json in the project, where Tandem then stands in for YAML's own server"},
	{"sublime", "Sublime Text (LSP)", "sublime.json", "add it to LSP.sublime-settings (Preferences: LSP Settings)"},
	{"lsp4ij", "JetBrains (LSP4IJ)", "lsp4ij.json", "save it as template.json in a folder of its own, and choose that folder in New Language Server, Template, Import from custom template"},
}

func editorNames() []string {
	var names []string
	for _, e := range editors {
		names = append(names, e.name)
	}
	return names
}

// configuration is the editor's configuration with the command that starts the
// server, each word written as the file's language quotes it.
func (e editor) configuration(argv []string) (string, error) {
	t, err := template.ParseFS(editorFiles, "editors/"+e.file)
	if err != nil {
		return "", err
	}
	quoted := make([]string, len(argv))
	for i, word := range argv {
		quoted[i] = quote(word)
	}
	line := append([]string(nil), argv...)
	for i, word := range line {
		if strings.ContainsAny(word, " \t") {
			line[i] = `"` + word + `"`
		}
	}
	var out strings.Builder
	err = t.Execute(&out, map[string]string{
		"Program":     quoted[0],
		"LuaCommand":  "{ " + strings.Join(quoted, ", ") + " }",
		"LispCommand": "(" + strings.Join(quoted, " ") + ")",
		"JSONCommand": "[" + strings.Join(quoted, ", ") + "]",
		"ShellLine":   quote(strings.Join(line, " ")),
	})
	return out.String(), err
}

// quote is a text as JSON has it. Lua, Emacs Lisp and TOML read it alike, as
// long as no character is written by its number.
func quote(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
}
