package debug

import (
	"encoding/json"
	"path/filepath"
	"strings"
)

var packageManagers = map[string]bool{"npm": true, "pnpm": true, "yarn": true, "npx": true}

// nodePrograms are programs of npm packages that run in Node, or start what does.
var nodePrograms = map[string]bool{
	"tsx": true, "ts-node": true, "ts-node-dev": true, "nodemon": true, "nest": true, "next": true, "nuxt": true,
	"vite-node": true, "jest": true, "vitest": true, "mocha": true, "pm2-runtime": true, "fastify": true, "nx": true,
	"turbo": true, "babel-node": true, "swc-node": true, "electron": true, "remix": true, "strapi": true,
}

// nodeTests are those of them that run tests.
var nodeTests = map[string]bool{"jest": true, "vitest": true, "mocha": true}

// nodeValues are the flags of node that take their value from the next argument.
var nodeValues = map[string]bool{
	"-r": true, "--require": true, "--import": true, "--loader": true, "--experimental-loader": true,
	"-C": true, "--conditions": true, "--title": true, "--env-file": true,
}

// nodeCommand reads `node [flags] script [args]`.
func nodeCommand(t *Target, argv []string) bool {
	flags, rest := flagsOf(argv[1:], nodeValues)
	t.Language, t.Runtime, t.Flags = Node, argv[:1], flags
	for _, f := range flags {
		if f == "--test" {
			t.Mode = Test
		}
		if f == "-e" || f == "--eval" || f == "-p" || f == "--print" || f == "--run" || strings.HasPrefix(f, "--run=") {
			return true // there is no script
		}
	}
	if len(rest) > 0 {
		t.Program, t.Args = absolute(t.Cwd, rest[0]), rest[1:]
	}
	return true
}

// flagsOf splits off the flags before the first argument that is none.
func flagsOf(args []string, values map[string]bool) (flags, rest []string) {
	for len(args) > 0 && strings.HasPrefix(args[0], "-") && args[0] != "-" {
		if args[0] == "--" {
			return flags, args[1:]
		}
		n := 1
		if values[args[0]] && len(args) > 1 {
			n = 2
		}
		flags, args = append(flags, args[:n]...), args[n:]
	}
	return flags, args
}

// npmOwn are the commands of package managers that are not scripts.
var npmOwn = map[string]bool{
	"install": true, "i": true, "ci": true, "add": true, "remove": true, "update": true, "publish": true, "init": true,
	"audit": true, "cache": true, "config": true, "link": true, "pack": true, "version": true, "create": true,
}

// npmCommand reads `npm run x`, `npm start`, `pnpm x`, `yarn x`, `npx tsx x.ts`. A
// script that is one plain command is followed to its program.
func npmCommand(t *Target, manager string, args []string) bool {
	t.Language, t.Tool = Node, NPM
	_, rest := flagsOf(args, map[string]bool{"--prefix": true, "-C": true, "--dir": true, "--cwd": true, "-w": true,
		"--workspace": true, "--filter": true, "-F": true, "-p": true, "--package": true})
	if len(rest) == 0 {
		return true
	}
	word := rest[0]
	rest = rest[1:]
	inPlace := len(args) == len(rest)+1 // no flag that leads to another package
	switch {
	case manager == "npx" || word == "exec" || word == "dlx" || word == "x":
		if manager != "npx" {
			if len(rest) > 0 && rest[0] == "--" {
				rest = rest[1:]
			}
			if len(rest) == 0 {
				return true
			}
			word = rest[0]
		}
		if nodeTests[word] {
			t.Mode = Test
		}
		return true
	case word == "run" || word == "run-script":
		if len(rest) == 0 {
			return true
		}
		t.Script, rest = rest[0], rest[1:]
	case word == "test" || word == "t":
		t.Script = "test"
	case npmOwn[word]:
		return false
	default: // npm start; pnpm and yarn take any script so
		t.Script = word
	}
	if len(rest) > 0 && rest[0] == "--" {
		rest = rest[1:]
	}
	if t.Script == "test" || strings.HasPrefix(t.Script, "test:") {
		t.Mode = Test
	}
	if inPlace || word == "run" && len(args) == len(rest)+2 {
		followScript(t, rest)
	}
	return true
}

// followScript finds the program of `"start": "node server.js"`. A script with
// pre and post scripts, or with more than a command in it, stays the manager's.
func followScript(t *Target, args []string) {
	scripts := packageJSON(t.Cwd).Scripts
	text := scripts[t.Script]
	if text == "" || scripts["pre"+t.Script] != "" || scripts["post"+t.Script] != "" {
		return
	}
	c, ok := script(t.Cwd, text)
	if !ok || c.dir != t.Cwd || len(c.env) > 0 || programName(c.argv[0]) != "node" {
		return
	}
	inner := Target{Mode: t.Mode, Cwd: t.Cwd}
	if nodeCommand(&inner, append(c.argv, args...)) && inner.Program != "" {
		t.Program, t.Args, t.Flags, t.Runtime = inner.Program, inner.Args, inner.Flags, inner.Runtime
	}
}

type packageFile struct {
	Scripts map[string]string `json:"scripts"`
	Main    string            `json:"main"`
}

// packageJSON is the folder's; what cannot be read is empty.
func packageJSON(dir string) packageFile {
	var p packageFile
	if json.Unmarshal([]byte(readSome(filepath.Join(dir, "package.json"))), &p) != nil {
		return packageFile{}
	}
	return p
}

// npmDefault is what a folder without a command would run.
func npmDefault(t *Target) {
	p := packageJSON(t.Cwd)
	manager := "npm"
	switch {
	case exists(t.Cwd, "pnpm-lock.yaml"):
		manager = "pnpm"
	case exists(t.Cwd, "yarn.lock"):
		manager = "yarn"
	}
	for _, name := range []string{"dev", "start:dev", "start"} {
		if p.Scripts[name] != "" {
			t.Tool, t.Script, t.Argv = NPM, name, []string{manager, "run", name}
			followScript(t, nil)
			return
		}
	}
	for _, file := range []string{p.Main, "server.js", "index.js", "app.js"} {
		if file != "" && exists(t.Cwd, file) {
			t.Runtime, t.Program, t.Argv = []string{"node"}, absolute(t.Cwd, file), []string{"node", file}
			return
		}
	}
}
