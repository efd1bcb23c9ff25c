// Package manifest understands okteto.yml: it finds the file, parses it with
// the place of everything in it, expands variables, checks the parts that
// concern development, and says all that is wrong at once.
//
//	path, err := manifest.Discover(dir, "")
//	m, err := manifest.Load(path, manifest.Options{})
//	d, err := m.Dev("api")      // or "" where only one dev is hybrid
//	err = d.Runnable()          // sync mode is not ours
//
// [Parse] does the same for an editor's unsaved text. A manifest comes back
// even with errors, as far as it was understood, and [Manifest.Diagnostics]
// holds every finding: errors keep a dev from starting, warnings do not. Ranges
// are those of the Language Server Protocol (from 0, columns in UTF-16 code
// units); text for people counts from 1. [Diagnostic.Render] shows the line
// with a caret. [Manifest.Err] tells whether one dev may start although a
// neighbour is broken.
//
// # What is read
//
// `dev`, and the root `context`, `forward`, `name` and `namespace`. The sections
// build, deploy, destroy, test, dependencies, external, icon, image and everything
// that starts with x- are accepted and not looked into. Any other key is an error
// with a suggestion. Which fields of a dev have an effect in hybrid mode, and
// what happens instead of the others, is decided in one table ([Fields],
// [AppliesInHybrid]); each ignored field that is set gives one warning, unless
// it asks for what happens anyway (`probes: false`).
//
// Only devs in hybrid mode are held against this machine: a missing env file, a
// required variable or a workdir of a dev in sync mode is not looked at,
// because Tandem does not run it.
//
// Relative paths start at the manifest's folder ([Manifest.Dir]), never at the
// folder the program was started in. For a manifest in .okteto that is the
// folder above, as in Okteto.
//
// # Variables
//
// Every text of a dev is expanded, and those of the root that are read: $NAME,
// ${NAME}, ${NAME-d}, ${NAME:-d}, ${NAME=d}, ${NAME:=d} (which do not assign),
// ${NAME+t}, ${NAME:+t}, ${NAME?m}, ${NAME:?m}, and $$ for a dollar sign; the
// text behind an operator may hold variables again. Values come from the
// process environment, and beneath it from the .env file in the manifest's
// folder. An unset variable without a default expands to nothing and gives a
// warning; a malformed expansion and a missing required variable are errors at
// their own characters.
//
// Keys and the names of variables are not expanded, nor is `command`, neither
// as text nor as a list. In `command: ./serve --db ${DB_URL}` the variable is
// meant for the shell that runs the command with the variables of the
// container. Replacing it by what this machine knows when the manifest is read
// would silently hand the command an empty string. Okteto does the same. In a
// list, which no shell sees, ${ is pointed out.
//
// Messages quote the manifest as written, never an expanded value, and never a
// line of an env file: both may hold passwords.
//
// # The environment of a dev
//
// `environment` is above `envFiles`. Among files, a later one is above an
// earlier one, as Docker Compose and other tools have it (Okteto lets the first
// win); where that changes a value, it is said. A name set twice in one list
// keeps the last value, with a warning. Values stay as written: 1.10 is "1.10",
// yes is "yes". A bare NAME in a list or an env file, and `NAME:` in a mapping,
// take the local value; where there is none, the variable is left out with a
// warning. NAME= and `NAME: ""` are the empty string.
//
// Env files are NAME=value lines with comments, an optional export, values as
// they are in single quotes, and escapes and expansion in double quotes, both
// over several lines. Inside a file a variable refers to the ones above it
// before the machine's, because those are what the command will see. In .env
// the process environment comes first, for the same reason. Faults in a file of
// `envFiles` are errors; those in .env are warnings, because other tools with
// other dialects share it.
//
// # Ports
//
// A forward is local:remote, local:service:remote or an object; a reverse is
// remote:local. Ports are 1 to 65535; the local port of a forward may be 0,
// which picks a free one. A single port is an error with the spelling to use.
// Entries that cannot be open at once are errors: a local port in two forwards,
// in a forward and a reverse, or in the manifest's forward as well, and one
// remote port in two reverses. Several remote ports may lead to one local port.
//
// # Why not a library for expansion and env files
//
// github.com/compose-spec/compose-go has both. Its template package knows
// neither = nor :=, stops at the first error, gives no positions, breaks on
// line feeds in defaults, and writes warnings to a global logger. Its dotenv
// package loses order and line numbers, misreads a bare NAME at the end of a
// file, and quotes the offending line, secrets included, in its errors. The two
// parsers here are small, exact and fuzzed.
//
// # Hostile input
//
// Files are at most 1 MiB. Aliases that multiply or contain themselves meet a
// budget of visited nodes and a limit of depth, and become a diagnostic; after a
// thousand findings the rest is not read.
// Nothing here starts a goroutine or keeps state.
package manifest
