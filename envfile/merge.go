package envfile

import (
	"cmp"
	"fmt"
	"runtime"
	"slices"
	"strings"
)

// NameCase says how the names of a process environment compare.
type NameCase int

const (
	// PlatformCase is FoldCase on Windows and ExactCase elsewhere.
	PlatformCase NameCase = iota
	ExactCase
	// FoldCase takes Path and PATH for the same variable.
	FoldCase
)

// MergePolicy tunes how an environment is laid over the user's own. The zero
// value is right for a process started on this machine.
type MergePolicy struct {
	Names NameCase
	// KeepLocal are more names that stay the user's own unless the workload's
	// spec or the dev tier sets them. A trailing * matches any ending.
	KeepLocal []string
	// AllowImage are names that the image may set although they would stay
	// local, for example JAVA_HOME where the paths are the same.
	AllowImage []string
}

func (p MergePolicy) fold(name string) string {
	if p.Names == FoldCase || p.Names == PlatformCase && runtime.GOOS == "windows" {
		return strings.ToUpper(name)
	}
	return name
}

// Action is what becomes of one variable in the local process.
type Action string

const (
	// Applied: the process gets the environment's value.
	Applied Action = "applied"
	// KeptLocal: the process keeps the user's own value.
	KeptLocal Action = "kept-local"
	// LeftOut: the process does not get the variable, and the user has none.
	LeftOut Action = "left-out"
)

// Decision tells what became of one variable, and why.
type Decision struct {
	Name   string
	Origin Origin
	Action Action
	// Replaces says that an Applied value hides another one of the user's own.
	Replaces bool
	Reason   string
}

// personal names belong to the user and the machine. A trailing * matches any
// ending; names are compared in upper case, so proxies match in both spellings.
var personal = []string{
	"PATH", "HOME", "USER", "LOGNAME", "MAIL", "SHELL", "SHLVL", "PWD", "OLDPWD", "_", "HOSTNAME",
	"TERM", "TERM_*", "TERMINFO", "TERMINFO_DIRS", "COLORTERM", "LINES", "COLUMNS", "LS_COLORS",
	"LANG", "LANGUAGE", "LC_*", "TMPDIR", "TMP", "TEMP",
	"XDG_*", "DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "DBUS_SESSION_BUS_ADDRESS",
	"SSH_AUTH_SOCK", "SSH_AGENT_PID", "SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY", "GPG_TTY", "GPG_AGENT_INFO",
	"HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "ALL_PROXY", "NO_PROXY",
	"EDITOR", "VISUAL", "PAGER", "BROWSER", "MANPATH", "INFOPATH",
	// macOS
	"__CF*", "XPC_*",
	// Windows
	"SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT", "PSMODULEPATH", "OS", "DRIVERDATA",
	"USERPROFILE", "USERNAME", "USERDOMAIN*", "HOMEDRIVE", "HOMEPATH", "APPDATA", "LOCALAPPDATA", "PUBLIC",
	"ALLUSERSPROFILE", "PROGRAMDATA", "PROGRAMFILES*", "PROGRAMW6432", "COMMONPROGRAM*", "COMPUTERNAME",
	"LOGONSERVER", "SESSIONNAME", "NUMBER_OF_PROCESSORS", "PROCESSOR_*",
}

// containerPaths hold paths, or settings of a toolchain, that are right inside
// the image and break tools on the laptop.
var containerPaths = []string{
	"LD_LIBRARY_PATH", "LD_PRELOAD", "LD_AUDIT", "DYLD_*", "LIBRARY_PATH", "CPATH", "C_INCLUDE_PATH", "PKG_CONFIG_PATH",
	"SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "GIT_SSL_CAINFO",
	"BASH_ENV", "KUBECONFIG", "DOCKER_HOST", "DOCKER_CONFIG", "DOCKER_CERT_PATH",
	"JAVA_HOME", "JRE_HOME", "JDK_HOME", "JAVA_TOOL_OPTIONS", "CLASSPATH", "CATALINA_HOME", "CATALINA_BASE", "CATALINA_TMPDIR",
	"MAVEN_HOME", "MAVEN_CONFIG", "M2_HOME", "GRADLE_HOME", "GRADLE_USER_HOME", "SDKMAN_DIR", "KOTLIN_HOME", "SCALA_HOME",
	"GOPATH", "GOROOT", "GOBIN", "GOCACHE", "GOMODCACHE", "GOTMPDIR", "GOENV", "GOTOOLCHAIN", "GOFLAGS",
	"PYTHONPATH", "PYTHONHOME", "PYTHONUSERBASE", "PYTHONPYCACHEPREFIX", "VIRTUAL_ENV", "CONDA_*", "PYENV_ROOT",
	"PIP_CACHE_DIR", "PIPX_HOME", "POETRY_HOME", "POETRY_CACHE_DIR", "UV_CACHE_DIR", "UV_PROJECT_ENVIRONMENT",
	"NODE_PATH", "NVM_DIR", "NVM_BIN", "NPM_CONFIG_PREFIX", "NPM_CONFIG_CACHE", "YARN_CACHE_FOLDER", "PNPM_HOME", "BUN_INSTALL", "COREPACK_HOME", "DENO_DIR",
	"GEM_HOME", "GEM_PATH", "RUBYLIB", "BUNDLE_PATH", "BUNDLE_APP_CONFIG", "BUNDLE_BIN", "RBENV_ROOT",
	"CARGO_HOME", "RUSTUP_HOME", "DOTNET_ROOT", "NUGET_PACKAGES", "NUGET_FALLBACK_PACKAGES",
	"PERL5LIB", "LUA_PATH", "LUA_CPATH", "COMPOSER_HOME", "PHP_INI_DIR", "PHPIZE_DEPS", "ERL_LIBS", "MIX_HOME", "HEX_HOME",
	"CUDA_HOME", "CUDA_PATH", "ANDROID_HOME", "ANDROID_SDK_ROOT", "TZDIR", "LOCPATH",
}

// matches says whether name is in list; comparison is in upper case.
func matches(list []string, name string) bool {
	upper := strings.ToUpper(name)
	return slices.ContainsFunc(list, func(pattern string) bool {
		if prefix, ok := strings.CutSuffix(pattern, "*"); ok {
			return strings.HasPrefix(upper, strings.ToUpper(prefix))
		}
		return upper == strings.ToUpper(pattern)
	})
}

// verdict is what decides one variable before the user's own is looked at.
func (p MergePolicy) verdict(v *Variable) (apply bool, reason string) {
	switch {
	case v.Unresolved:
		return false, "it has no value until the pod runs"
	case v.Name == "" || strings.ContainsAny(v.Name, "=\x00"):
		return false, "no process can have a variable with this name"
	case strings.ContainsRune(v.Value, 0):
		return false, "its value holds a NUL byte, which no process can be given"
	}
	switch v.Origin.Tier {
	case Dev:
		return true, "the manifest sets it"
	case Spec, ConfigMap, Secret:
		return true, "the workload's spec sets it"
	}
	switch {
	case matches(p.AllowImage, v.Name):
		return true, "the policy allows it"
	case matches(personal, v.Name):
		return false, "it belongs to the user and this machine"
	case v.Origin.Tier == Image && matches(containerPaths, v.Name):
		return false, "its value is about paths inside the image"
	case matches(p.KeepLocal, v.Name):
		return false, "the policy keeps it local"
	case v.Origin.Tier == Service:
		return true, "it addresses a service of the cluster"
	case v.Origin.Tier == Injected:
		return true, "the pod has it"
	}
	return true, "the image sets it"
}

// Decide tells what [Environment.Local] does with each variable, in the order
// of Vars.
//
//   - What the dev tier or the workload's spec sets (env and envFrom) is
//     applied, whatever its name: it is explicit. That includes PATH and HOME.
//   - What only the image, the runtime or a service link gives is applied too,
//     but for names that belong to the user and the machine (PATH, HOME, LANG,
//     TMPDIR, proxies, HOSTNAME, …) and, from the image, names that hold paths
//     inside it (JAVA_HOME, GOPATH, …). Those stay what they are locally, and
//     are left out where the user has none.
//   - Where names compare without case and two variables differ in nothing
//     else, the one of the higher tier is applied.
func (e *Environment) Decide(osEnviron []string, policy MergePolicy) []Decision {
	decisions, _ := e.decide(osEnviron, policy)
	return decisions
}

// decide also returns the index into Vars of the applied variable of each
// folded name.
func (e *Environment) decide(osEnviron []string, policy MergePolicy) ([]Decision, map[string]int) {
	own := make(map[string]string, len(osEnviron))
	for _, entry := range osEnviron {
		if name, value, ok := splitLocal(entry); ok {
			own[policy.fold(name)] = value
		}
	}
	decisions := make([]Decision, len(e.Vars))
	applied := make(map[string]int, len(e.Vars))
	for i := range e.Vars {
		v := &e.Vars[i]
		folded := policy.fold(v.Name)
		value, has := own[folded]
		d := Decision{Name: v.Name, Origin: v.Origin, Action: LeftOut}
		var apply bool
		apply, d.Reason = policy.verdict(v)
		switch {
		case apply:
			d.Action, d.Replaces = Applied, has && value != v.Value
			if j, clash := applied[folded]; clash {
				loser, winner := i, j
				if tierHeight(v.Origin.Tier) > tierHeight(e.Vars[j].Origin.Tier) {
					loser, winner = j, i
				}
				if loser == j {
					decisions[j].Action, decisions[j].Replaces, decisions[j].Reason = LeftOut, false, clashReason(e.Vars[winner].Name)
				} else {
					d.Action, d.Replaces, d.Reason = LeftOut, false, clashReason(e.Vars[winner].Name)
				}
				applied[folded] = winner
				break
			}
			applied[folded] = i
		case has:
			d.Action = KeptLocal
		}
		decisions[i] = d
	}
	return decisions, applied
}

func clashReason(winner string) string {
	return fmt.Sprintf("on this system it is the same name as %s", winner)
}

// tierHeight orders all tiers, higher wins.
func tierHeight(t Tier) int {
	return slices.Index([]Tier{Injected, Image, Service, Secret, ConfigMap, Spec, Dev}, t)
}

// splitLocal splits an entry of a local environ. Windows has entries such as
// `=C:=C:\dir`, whose name starts with the '='.
func splitLocal(entry string) (name, value string, ok bool) {
	if entry == "" {
		return "", "", false
	}
	i := strings.IndexByte(entry[1:], '=')
	if i < 0 {
		return "", "", false
	}
	return entry[:i+1], entry[i+2:], true
}

// Local is the environment for a process on this machine: the user's own
// (osEnviron, as os.Environ gives it) below the tiers, by the rules of
// [Environment.Decide]. Every name is there once; the user's own come first in
// their order, then the applied ones by name. The result carries secrets.
func (e *Environment) Local(osEnviron []string, policy MergePolicy) []string {
	_, applied := e.decide(osEnviron, policy)
	last := make(map[string]int, len(osEnviron))
	for i, entry := range osEnviron {
		if name, _, ok := splitLocal(entry); ok {
			last[policy.fold(name)] = i
		}
	}
	out := make([]string, 0, len(osEnviron)+len(applied))
	for i, entry := range osEnviron {
		name, _, ok := splitLocal(entry)
		if !ok {
			continue // not NAME=VALUE: os/exec would drop it too
		}
		folded := policy.fold(name)
		if _, hidden := applied[folded]; hidden || last[folded] != i {
			continue
		}
		out = append(out, entry)
	}
	indexes := make([]int, 0, len(applied))
	for _, i := range applied {
		indexes = append(indexes, i)
	}
	slices.SortFunc(indexes, cmp.Compare)
	for _, i := range indexes {
		out = append(out, e.Vars[i].Name+"="+e.Vars[i].Value)
	}
	return out
}
