package runconfig

// shape is a file as people have it.
type shape struct{ name, text string }

// launchShapes are files launch.json: of the documentation of editors and
// debuggers, of templates, and of what years of editing make of them.
var launchShapes = []shape{
	{"no file's worth: empty", ""},
	{"a line end", "\n"},
	{"white space", "  \n\t\n"},
	{"a comment", "// nothing here yet\n"},
	{"a comment without a line end", "// nothing here yet"},
	{"a block comment", "/*\n * to be filled\n */\n"},
	{"an empty object", "{}"},
	{"an empty object and a line end", "{}\n"},
	{"an empty object, blanks", "{ }\n"},
	{"an empty object over lines", "{\n}\n"},
	{"an empty object over three lines", "{\n\n}\n"},
	{"an object of a comment", "{\n    // later\n}\n"},
	{"only a version", "{\n    \"version\": \"0.2.0\"\n}\n"},
	{"only a version, trailing comma", "{\n    \"version\": \"0.2.0\",\n}\n"},
	{"only a version, on one line", `{"version": "0.2.0"}`},
	{"the template of VS Code", `{
    // Use IntelliSense to learn about possible attributes.
    // Hover to view descriptions of existing attributes.
    // For more information, visit: https://go.microsoft.com/fwlink/?linkid=830387
    "version": "0.2.0",
    "configurations": []
}`},
	{"the template, a list over lines", `{
    "version": "0.2.0",
    "configurations": [
    ]
}
`},
	{"the template, a list with blank lines", "{\n  \"version\": \"0.2.0\",\n  \"configurations\": [\n\n\n  ]\n}\n"},
	{"a list with a blank in it", "{\n  \"version\": \"0.2.0\",\n  \"configurations\": [ ]\n}\n"},
	{"a list of a comment", "{\n  \"version\": \"0.2.0\",\n  \"configurations\": [\n    // add yours\n  ]\n}\n"},
	{"a list of a block comment on its line", "{\n  \"version\": \"0.2.0\",\n  \"configurations\": [ /* none */ ]\n}\n"},
	{"a list of a comment on its line", "{\n  \"version\": \"0.2.0\",\n  \"configurations\": [ // none\n  ]\n}\n"},
	{"go", `{
    "version": "0.2.0",
    "configurations": [
        {
            "name": "Launch Package",
            "type": "go",
            "request": "launch",
            "mode": "auto",
            "program": "${fileDirname}"
        }
    ]
}
`},
	{"go with tabs", "{\n\t\"version\": \"0.2.0\",\n\t\"configurations\": [\n\t\t{\n\t\t\t\"name\": \"Launch\",\n\t\t\t\"type\": \"go\",\n\t\t\t\"request\": \"launch\",\n\t\t\t\"env\": {\n\t\t\t\t\"A\": \"b\"\n\t\t\t}\n\t\t}\n\t]\n}\n"},
	{"trailing commas everywhere", `{
  "version": "0.2.0",
  "configurations": [
    {
      "name": "Debug",
      "type": "node",
      "request": "launch",
      "args": ["a", "b",],
    },
  ],
}
`},
	{"python with comments everywhere", `// top
{ // open
  // before version
  "version": "0.2.0", // after version
  /* before configurations */
  "configurations": /* before the list */ [ // in the list
    // before the first
    { // in it
      "name": "Python: Current File", // its name
      "type": "python", /* its type */ "request": "launch",
      "program": "${file}" // last
      // behind last
    } // after it
    // before the end
  ] // after the list
  // before the end of all
} // after all
// bottom
`},
	{"configurations commented out", `{
  "version": "0.2.0",
  "configurations": [
    {
      "name": "Server",
      "type": "node",
      "request": "launch"
    },
    // {
    //   "name": "Client",
    //   "type": "chrome",
    //   "request": "launch",
    // },
  ]
}
`},
	{"all configurations commented out", `{
  "version": "0.2.0",
  "configurations": [
    /* {
      "name": "Server"
    }, */
  ]
}
`},
	{"compounds", `{
  "version": "0.2.0",
  "configurations": [
    { "name": "Server", "type": "node", "request": "launch", "program": "${workspaceFolder}/server.js" },
    { "name": "Client", "type": "chrome", "request": "launch", "url": "http://localhost:3000" }
  ],
  "compounds": [
    { "name": "Server/Client", "configurations": ["Server", "Client"], "stopAll": true }
  ]
}
`},
	{"empty compounds", `{
  "version": "0.2.0",
  "configurations": [],
  "compounds": []
}
`},
	{"compounds before configurations", `{
    "compounds": [
        {
            "name": "both",
            "configurations": [ "a", "b" ],
        }
    ],
    "configurations": [ ],
    "version": "0.2.0"
}
`},
	{"inputs", `{
  "version": "0.2.0",
  "configurations": [
    {
      "name": "ask",
      "type": "node",
      "request": "launch",
      "args": ["${input:which}"]
    }
  ],
  "inputs": [
    { "id": "which", "type": "pickString", "options": [ "one", "two" ], "description": "which?" }
  ]
}
`},
	{"minified", `{"version":"0.2.0","configurations":[{"name":"a","type":"go","request":"launch"}]}`},
	{"minified, empty list", `{"version":"0.2.0","configurations":[]}`},
	{"minified, trailing commas", `{"version":"0.2.0","configurations":[{"name":"a","args":["x",],},],}`},
	{"one line with blanks", `{ "version": "0.2.0", "configurations": [ { "name": "a", "type": "go" } ] }`},
	{"one line with a comment", `{ "version": "0.2.0", /* here */ "configurations": [ { "name": "a" } /* last */ ] } // end`},
	{"elements on one line", `{
    "version": "0.2.0",
    "configurations": [{"name": "a"}, {"name": "b"}]
}
`},
	{"braces side by side", `{
  "version": "0.2.0",
  "configurations": [{
    "name": "a",
    "type": "node"
  }, {
    "name": "b",
    "type": "node"
  }]
}
`},
	{"braces side by side, trailing comma", `{
  "version": "0.2.0",
  "configurations": [{
    "name": "a",
  }, {
    "name": "b",
  },]
}
`},
	{"allman braces", `{
    "version": "0.2.0",
    "configurations":
    [
        {
            "name": "a"
        },
        {
            "name": "b"
        }
    ]
}
`},
	{"commas first", `{
    "version": "0.2.0"
  , "configurations":
      [ { "name": "a"
        , "type": "go"
        }
      , { "name": "b"
        }
      ]
}
`},
	{"three blanks", "{\n   \"version\": \"0.2.0\",\n   \"configurations\": [\n      {\n         \"name\": \"a\"\n      }\n   ]\n}\n"},
	{"eight blanks", "{\n        \"version\": \"0.2.0\",\n        \"configurations\": [\n                {\n                        \"name\": \"a\"\n                }\n        ]\n}\n"},
	{"tabs and blanks mixed", "{\n\t\"version\": \"0.2.0\",\n    \"configurations\": [\n\t    {\n\t\t  \"name\": \"a\"\n\t    }\n    ]\n}\n"},
	{"no indentation", "{\n\"version\": \"0.2.0\",\n\"configurations\": [\n{\n\"name\": \"a\"\n}\n]\n}\n"},
	{"blank lines between", "{\n\n    \"version\": \"0.2.0\",\n\n\n    \"configurations\": [\n\n        {\n            \"name\": \"a\"\n        },\n\n        {\n            \"name\": \"b\"\n        }\n\n    ]\n\n}\n\n"},
	{"blanks at the ends of lines", "{  \n    \"version\": \"0.2.0\",   \n    \"configurations\": [  \n        {\t\n            \"name\": \"a\"  \n        }  \n    ]  \n}  \n"},
	{"no configurations, other members", `{
    "version": "0.2.0",
    "inputs": [],
    "$schema": "vscode://schemas/launch"
}
`},
	{"two lists of configurations", `{
    "configurations": [ { "name": "hidden by the next" } ],
    "version": "0.2.0",
    "configurations": [ { "name": "counts" } ]
}
`},
	{"two versions", `{ "version": "0.1.0", "version": "0.2.0",
  "configurations": [] }
`},
	{"a key twice in a configuration", `{
  "version": "0.2.0",
  "configurations": [
    { "name": "a", "args": ["1"], "args": ["2"] }
  ]
}
`},
	{"two configurations with one name", `{
  "version": "0.2.0",
  "configurations": [
    { "name": "a" },
    { "name": "a" }
  ]
}
`},
	{"unicode", `{
  "version": "0.2.0",
  "configurations": [
    // größer – 日本語 – 🚀
    { "name": "Überprüfen 🚀", "type": "node", "env": { "GRÜSSE": "привет, \u4e16\u754c" } }
  ]
}
`},
	{"an escaped name", `{ "version": "0.2.0",
  "configur\u0061tions": [
    { "n\u0061me": "a" }
  ]
}
`},
	{"comment signs in strings", `{
  "version": "0.2.0",
  "configurations": [
    { "name": "http://example.com/*", "url": "// no /* comment */", "note": "a \"quoted\" // thing\\" }
  ]
}
`},
	{"brackets in strings and comments", `{
  "version": "0.2.0",
  "configurations": [
    { "name": "]}", "x": "[{" } // ]}
    /* ] } , */
  ]
}
`},
	{"stars", "{\n/**/\n\"version\":/***/\"0.2.0\",/* * / */\n\"configurations\":[/*//*/]//\n}//"},
	{"platforms", `{
    "version": "0.2.0",
    "configurations": [
        {
            "name": "(gdb) Launch",
            "type": "cppdbg",
            "request": "launch",
            "setupCommands": [
                {
                    "description": "pretty-printing",
                    "text": "-enable-pretty-printing",
                    "ignoreFailures": true
                }
            ],
            "linux": { "MIMode": "gdb" },
            "osx": { "MIMode": "lldb" },
            "windows": { "MIMode": "gdb", "miDebuggerPath": "c:\\mingw\\bin\\gdb.exe" }
        }
    ]
}
`},
	{"attach in a container", `{
    "version": "0.2.0",
    "configurations": [
        {
            "name": "Docker: Attach to Node",
            "type": "node",
            "request": "attach",
            "restart": true,
            "port": 9229,
            "address": "localhost",
            "localRoot": "${workspaceFolder}",
            "remoteRoot": "/usr/src/app",
            "protocol": "inspector",
        },
    ]
}
`},
	{"values of every sort", `{
  "version": "0.2.0",
  "configurations": [
    { "name": "all", "a": null, "b": true, "c": false, "d": -1.5e+10, "e": 0, "f": [], "g": {}, "h": [[[]]], "i": "" }
  ]
}
`},
	{"nested deep", `{
  "version": "0.2.0",
  "configurations": [
    { "name": "deep", "x": { "y": { "z": [ { "a": [ 1, [ 2, [ 3 ] ] ] } ] } } }
  ]
}
`},
	{"a name that begins like ours", `{
  "version": "0.2.0",
  "configurations": [
    { "name": "Tandem: my own", "type": "go", "request": "launch" },
    { "name": "Tandem", "type": "go", "request": "launch" }
  ]
}
`},
	{"elements that are no objects", `{
  "version": "0.2.0",
  "configurations": [ null, "x", 1 ]
}
`},
	{"old versions of members", `{
  "version": "0.1.0",
  "configurations": [
    { "name": "Launch", "type": "go", "request": "launch", "mode": "debug", "remotePath": "", "port": 2345, "host": "127.0.0.1", "program": "${workspaceRoot}", "env": {}, "args": [], "showLog": true }
  ]
}
`},
	{"a comment between a value and its comma", `{
  "version": "0.2.0" /* of the format */ ,
  "configurations": [
    { "name": "a" } // first
    ,
    { "name": "b" } // second
  ]
}
`},
	{"a root that is indented", "    {\n      \"version\": \"0.2.0\",\n      \"configurations\": [\n        {\n          \"name\": \"a\"\n        }\n      ]\n    }\n"},
	{"text before the root on its line", "/* launch */ {\n  \"version\": \"0.2.0\",\n  \"configurations\": [\n    { \"name\": \"a\" }\n  ]\n} /* end */\n"},
}

// taskShapes are files tasks.json.
var taskShapes = []shape{
	{"empty", ""},
	{"an empty object", "{}\n"},
	{"the template", `{
    // See https://go.microsoft.com/fwlink/?LinkId=733558
    // for the documentation about the tasks.json format
    "version": "2.0.0",
    "tasks": [
        {
            "label": "echo",
            "type": "shell",
            "command": "echo Hello"
        }
    ]
}`},
	{"no tasks", "{\n\t\"version\": \"2.0.0\",\n\t\"tasks\": []\n}\n"},
	{"no list", "{\n\t\"version\": \"2.0.0\"\n}\n"},
	{"a command at the root", "{\n  \"version\": \"0.1.0\",\n  \"command\": \"make\",\n  \"isShellCommand\": true,\n  \"args\": [\"all\"]\n}\n"},
	{"problem matchers", `{
  "version": "2.0.0",
  "tasks": [
    {
      "type": "npm",
      "script": "watch",
      "isBackground": true,
      "problemMatcher": {
        "owner": "typescript",
        "pattern": [
          { "regexp": "^([^\\s].*)\\((\\d+),(\\d+)\\):\\s+(.*)$", "file": 1, "line": 2, "column": 3, "message": 4 },
        ],
        "background": { "activeOnStart": true, "beginsPattern": "^\\[watch\\] started", "endsPattern": "^\\[watch\\] finished" }
      },
    },
    {
      "label": "make",
      "problemMatcher": "$gcc",
      "group": { "kind": "build", "isDefault": true }, // default
    },
  ],
}
`},
	{"depends on", `{
  "version": "2.0.0",
  "tasks": [
    { "label": "a", "dependsOn": ["b", "c"], "dependsOrder": "sequence" },
    { "label": "b" }, { "label": "c" }
  ],
  "inputs": [{ "id": "x", "type": "promptString" }]
}
`},
	{"minified", `{"version":"2.0.0","tasks":[{"label":"x","type":"shell","command":"y"}]}`},
	{"presentation", "{\r\n  \"version\": \"2.0.0\",\r\n  \"presentation\": {\r\n    \"panel\": \"shared\"\r\n  },\r\n  \"tasks\": [\r\n    {\r\n      \"label\": \"x\"\r\n    }\r\n  ]\r\n}"},
	{"commented out", "{\n  \"version\": \"2.0.0\",\n  \"tasks\": [\n//    { \"label\": \"x\" },\n  ]\n}\n"},
	{"tasks in the middle", "{\n  \"tasks\": [\n    {\n      \"label\": \"x\"\n    }\n  ],\n  \"version\": \"2.0.0\",\n  \"windows\": {\n    \"options\": {\n      \"shell\": {\n        \"executable\": \"cmd.exe\"\n      }\n    }\n  }\n}\n"},
	{"line ends mixed", "{\r\n  \"version\": \"2.0.0\",\n  \"tasks\": [\r\n    {\n      \"label\": \"x\"\r\n    }\n  ]\r\n}\n"},
	{"a bracket behind the last", "{\n  \"version\": \"2.0.0\",\n  \"tasks\": [\n    { \"label\": \"x\" } ] }\n"},
}

// settingsShapes are files settings.json.
var settingsShapes = []shape{
	{"empty", ""},
	{"an empty object", "{}\n"},
	{"go", "{\n    \"go.testEnvVars\": {\n        \"A\": \"b\"\n    },\n    \"go.testFlags\": [\"-v\"]\n}\n"},
	{"go, trailing comma", "{\n    \"go.testFlags\": [\"-v\"],\n}\n"},
	{"comments", "// of the team\n{\n  // formatting\n  \"editor.formatOnSave\": true, // always\n  \"[go]\": {\n    \"editor.tabSize\": 4 // wide\n  }\n  // end\n}\n"},
	{"minified", `{"editor.tabSize":2}`},
	{"tabs", "{\n\t\"files.eol\": \"\\n\",\n\t\"search.exclude\": {\n\t\t\"**/node_modules\": true\n\t}\n}\n"},
	{"the user's own env file", "{\n  \"go.testEnvFile\": \"${workspaceFolder}/.env\"\n}\n"},
	{"the user's own env file twice", "{\n  \"go.testEnvFile\": \"a\",\n  \"go.testEnvFile\": \"b\"\n}\n"},
	{"an object on one line", "{ \"a\": 1,\n  \"b\": 2 }\n"},
	{"carriage returns", "{\r\n    \"a\": 1,\r\n    // c\r\n    \"b\": {}\r\n}\r\n"},
	{"commented out", "{\n  // \"go.testEnvFile\": \"x\",\n  /* \"a\": 1 */\n}\n"},
}

// zedShapes are files debug.json of Zed; its tasks.json has the same form.
var zedShapes = []shape{
	{"empty", ""},
	{"an empty list", "[]\n"},
	{"an empty list over lines", "[\n]\n"},
	{"the template", `// Some example tasks for common languages.
//
// For more documentation on how to configure debug tasks,
// see: https://zed.dev/docs/debugger
[
  {
    "label": "Debug active PHP file",
    "adapter": "PHP",
    "program": "$ZED_FILE",
    "request": "launch",
    "cwd": "$ZED_WORKTREE_ROOT"
  },
  {
    "label": "Debug Go",
    "adapter": "Delve",
    "request": "launch",
    "program": "$ZED_FILE", // the open one
  },
]
`},
	{"minified", `[{"label":"a","adapter":"Delve"}]`},
	{"one without a comma", "[\n  {\n    \"label\": \"a\"\n  }\n]\n"},
	{"comments", "[ // open\n  // none yet\n] // end\n"},
}
