package envfile

import (
	"bytes"
	"strings"
)

// The dialects that a Unix shell sources.

func encodeShell(out *bytes.Buffer, name, value string) string {
	if reason := shellName(name); reason != "" {
		return reason
	}
	word := "'" + strings.ReplaceAll(value, "'", `'\''`) + "'"
	if back, ok := readShellWord(word); !ok || back != value {
		return "the shell would read another value"
	}
	out.WriteString("export " + name + "=" + word + "\n")
	return ""
}

// shellName says why the POSIX shell cannot set and export name, or "".
func shellName(name string) string {
	if posixName(name) != "" {
		return "its name is not a name in the shell (letters, digits and _); use the json dialect"
	}
	if shellOwned[name] {
		return "the shell keeps this name for itself; use the json dialect"
	}
	return ""
}

// shellOwned are names that sh, dash or bash refuse to set, or set themselves,
// or that change how the rest of the file is read.
var shellOwned = names("_ UID EUID PPID GROUPS LINENO RANDOM SRANDOM SECONDS EPOCHSECONDS EPOCHREALTIME HISTCMD OPTIND DIRSTACK" +
	" FUNCNAME PIPESTATUS SHELLOPTS BASHOPTS POSIXLY_CORRECT BASHPID BASH BASH_ALIASES BASH_ARGC BASH_ARGV BASH_ARGV0 BASH_CMDS" +
	" BASH_COMMAND BASH_COMPAT BASH_LINENO BASH_MONOSECONDS BASH_REMATCH BASH_SOURCE BASH_SUBSHELL BASH_VERSINFO BASH_XTRACEFD" +
	" BASH_TRAPSIG COMP_WORDBREAKS")

func names(list string) map[string]bool {
	set := map[string]bool{}
	for name := range strings.FieldsSeq(list) {
		set[name] = true
	}
	return set
}

// fish takes single quotes in which \ hides only itself and the quote.
var fish = &checkedForm{reader: "fish", read: readFish,
	name: func(name string) string {
		if reason := posixName(name); reason != "" {
			return reason
		}
		if fishOwned[name] {
			return "fish keeps this name for itself"
		}
		return ""
	},
	spellings: func(value string) []string { return []string{"'" + fishEscapes.Replace(value) + "'"} },
	statement: func(name, text string) string { return "set -gx " + name + " " + text + "\n" },
}

var fishEscapes = strings.NewReplacer(`\`, `\\`, "'", `\'`)

// fishOwned are read-only or set by fish itself.
var fishOwned = names("_ argv fish_pid history hostname FISH_VERSION pipestatus PWD SHLVL status status_generation version" +
	" fish_kill_signal fish_killring umask")

// csh takes single quotes in which a backslash hides a line's end and the
// mark of the history, whether or not there is one, and outside them a quote.
var csh = &checkedForm{reader: "csh", read: readCsh,
	name: func(name string) string {
		if reason := posixName(name); reason != "" {
			return reason
		}
		if cshOwned[name] {
			return "csh takes a change of this name as a command to itself"
		}
		return ""
	},
	refuse: func(value string) string {
		if len(cshEscapes.Replace(value)) > maxCshWord {
			return "its value is longer than a word that every csh reads"
		}
		return ""
	},
	spellings: func(value string) []string { return []string{"'" + cshEscapes.Replace(value) + "'"} },
	statement: func(name, text string) string { return "setenv " + name + " " + text + "\n" },
}

// maxCshWord is in bytes, escapes counted: BSD's csh refuses words of 8 KiB,
// tcsh has no limit.
const maxCshWord = 8000

var cshEscapes = strings.NewReplacer("'", `'\''`, "!", `\!`, "\n", "\\\n")

// cshOwned are bound to a shell variable, or to the terminal or the locale.
var cshOwned = names("_ PATH HOME TERM TERMCAP USER GROUP LOGNAME SHLVL PWD LANG LC_ALL LC_CTYPE LC_COLLATE LC_NUMERIC LC_TIME LC_MESSAGES" +
	" LANGUAGE NLSPATH NOREBIND LS_COLORS LSCOLORS SYSTYPE HOST HOSTTYPE OSTYPE MACHTYPE VENDOR COLUMNS LINES TZ")
