package runconfig

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/tandem-dev/tandem/debug"
	"github.com/tandem-dev/tandem/debug/runconfig/jsonc"
	"github.com/tandem-dev/tandem/envfile"
)

// luaDir is the folder of what Neovim is to load. It is in .tandem, so that git
// and the user's own configuration are left alone.
const luaDir = envfile.DirName + "/nvim"

// luaFile is the file of the service.
func (s Service) luaFile() string {
	return luaDir + "/" + strings.NewReplacer("/", "-", " ", "-", "(", "", ")", "").Replace(s.Label) + ".lua"
}

// neovim renders a service for nvim-dap: a Lua file that adds a configuration.
// nvim-dap calls the functions in a configuration when it starts, so the
// environment is read then, from the JSON file, which lacks nothing.
func (p place) neovim(s Service) (rendered, error) {
	var out rendered
	t := s.Target
	var filetypes []string
	c := jsonc.Ordered{{Key: "name", Value: s.launchName()}}
	set := func(key string, value any) { c = append(c, jsonc.Member{Key: key, Value: value}) }
	list := func(key string, all []string) {
		if len(all) > 0 {
			set(key, all)
		}
	}
	adapter := ""
	switch t.Language {
	case debug.Go:
		filetypes = []string{"go"}
		adapter = luaGoAdapter
		set("type", "go")
		set("request", "launch")
		set("mode", string(cmp.Or(t.Mode, debug.Debug)))
		set("program", p.goProgram(t))
		list("args", t.Args)
		list("buildFlags", t.Flags)
	case debug.Python:
		filetypes = []string{"python"}
		set("type", "python") // as nvim-dap-python calls its adapter
		set("request", "launch")
		switch {
		case t.Module != "":
			set("module", t.Module)
		case t.Program != "":
			set("program", p.path(t.Program))
		default:
			out.notes = append(out.notes, "nothing tells which Python program it runs")
			return out, nil
		}
		list("args", t.Args)
		list("pythonArgs", t.Flags)
		if !plainPython(t.Runtime) {
			set("python", t.Runtime)
		}
		set("console", "integratedTerminal")
	case debug.Node:
		filetypes = []string{"javascript", "typescript"}
		program, executable, args, ok := p.nodeCommand(t)
		if !ok {
			out.notes = append(out.notes, "nothing tells which JavaScript program it runs")
			return out, nil
		}
		set("type", "pwa-node")
		set("request", "launch")
		if executable != "" {
			set("runtimeExecutable", executable)
		}
		list("runtimeArgs", args)
		if program != "" {
			set("program", program)
		}
		list("args", t.Args)
		set("console", "integratedTerminal")
	case debug.Java:
		filetypes = []string{"java"}
		set("type", "java")
		if t.Module == "" {
			out.notes = append(out.notes, "nothing tells the main class, which the Java debugger needs")
			return out, nil
		}
		set("request", "launch")
		set("mainClass", t.Module)
		list("args", t.Args)
		list("vmArgs", t.Flags)
	default:
		return out, nil
	}
	set("cwd", p.path(t.Cwd))
	file := s.envFile(envfile.JSON)
	if rel, ok := p.rel(file); ok {
		file = rel
	}
	names := make([]string, len(filetypes))
	for i, f := range filetypes {
		names[i] = luaString(f)
	}
	content := fmt.Sprintf(luaTemplate, s.Name, adapter, luaString(file), luaString(strings.Join(append([]string{"tandem"}, p.up(s, Neovim.Dialects(t.Language))...), " ")),
		lua(c, "\t"), strings.Join(names, ", "))
	out.texts = append(out.texts, text{path: s.luaFile(), id: launchID + s.Label, owner: s.Label, text: content})
	return out, nil
}

// luaGoAdapter is for those who have no nvim-dap-go.
const luaGoAdapter = `
dap.adapters.go = dap.adapters.go or {
	type = "server",
	port = "${port}",
	executable = { command = "dlv", args = { "dap", "--listen", "127.0.0.1:${port}" } },
}
`

// luaTemplate can be loaded again and again: it takes its own earlier
// configuration out. Its root is the workspace, from its own path.
const luaTemplate = luaMark + ` for nvim-dap: the service %s as if it were in the cluster.
local dap = require("dap")
local root = vim.fn.fnamemodify(debug.getinfo(1, "S").source:sub(2), ":p:h:h:h")
%s
-- Read when the debugger starts; nothing of it is kept here.
local function environment()
	local path = %s
	if not path:match("^[/\\]") and not path:match("^%%a:") then
		path = root .. "/" .. path
	end
	local file = io.open(path, "rb")
	if not file then
		error("the session is not up: " .. %s)
	end
	local text = file:read("*a")
	file:close()
	return vim.fn.json_decode(text)
end

local configuration = %s
configuration.env = environment

for _, filetype in ipairs({ %s }) do
	local all = vim.tbl_filter(function(c)
		return c.name ~= configuration.name
	end, dap.configurations[filetype] or {})
	table.insert(all, configuration)
	dap.configurations[filetype] = all
end
`

// lua writes a value as a Lua expression.
func lua(v any, indent string) string {
	var b strings.Builder
	switch v := v.(type) {
	case jsonc.Ordered:
		b.WriteString("{\n")
		for _, m := range v {
			fmt.Fprintf(&b, "%s%s = %s,\n", indent, m.Key, lua(m.Value, indent+"\t"))
		}
		b.WriteString(strings.TrimSuffix(indent, "\t") + "}")
	case []string:
		var all []string
		for _, s := range v {
			all = append(all, luaString(s))
		}
		b.WriteString("{ " + strings.Join(all, ", ") + " }")
	case string:
		b.WriteString(luaString(v))
	default:
		fmt.Fprint(&b, v)
	}
	return b.String()
}

// luaString quotes a string; what is not printable ASCII is escaped byte by
// byte, which every Lua understands.
func luaString(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < ' ' || c == 0x7f:
			fmt.Fprintf(&b, `\%03d`, c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}
