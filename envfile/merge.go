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
//
// Patterns compare as names do. None of them reaches the Dev tier: what the
// developer wrote for here is applied as it is.
type MergePolicy struct {
	Names NameCase
	// Include, where not empty, are patterns of the only names that the process
	// gets; Exclude are those that it does not get, and has the last word.
	Include, Exclude []string
	// Rename gives names that fit another name; the first rule that fits counts.
	// A renamed variable is applied whatever the built-in rules say of its name.
	Rename []Rename
	// KeepLocal are patterns of more names that stay the user's own unless the
	// workload's spec sets them.
	KeepLocal []string
	// AllowImage are patterns of names that the image may set although they would
	// stay local, for example JAVA_HOME where the paths are the same.
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
	Name   string `json:"name"`
	Origin Origin `json:"-"` // that of the Variable
	Action Action `json:"action"`
	// As is the name in the process, where a rule of MergePolicy.Rename gave one.
	As string `json:"as,omitempty"`
	// Replaces says that an Applied value hides another one of the user's own.
	Replaces bool   `json:"replaces,omitempty"`
	Reason   string `json:"reason"`
}

// local is the name that the process sees.
func (d Decision) local() string { return cmp.Or(d.As, d.Name) }

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

// verdict is what decides one variable before the user's own is looked at. as
// is its name in the process.
func (p MergePolicy) verdict(v *Variable) (apply bool, as, reason string) {
	if reason := impossible(v); reason != "" {
		return false, v.Name, reason
	}
	keep, as, reason := p.settings(v)
	if !keep || reason != "" {
		return keep, as, reason
	}
	apply, reason = p.builtIn(v)
	return apply, as, reason
}

// impossible says why no process can be given v; empty where it can.
func impossible(v *Variable) string {
	switch {
	case v.Unresolved:
		return "it has no value until the pod runs"
	case v.Name == "" || strings.ContainsAny(v.Name, "=\x00"):
		return "no process can have a variable with this name"
	case strings.ContainsRune(v.Value, 0):
		return "its value holds a NUL byte, which no process can be given"
	}
	return ""
}

// settings applies Include, Exclude and Rename. The reason is empty where none
// of them decides.
func (p MergePolicy) settings(v *Variable) (keep bool, as, reason string) {
	if v.Origin.Tier == Dev {
		return true, v.Name, ""
	}
	if pattern, ok := p.match(p.Exclude, v.Name); ok {
		return false, v.Name, fmt.Sprintf("the setting env.exclude has %q", pattern)
	}
	if len(p.Include) > 0 {
		if _, ok := p.match(p.Include, v.Name); !ok {
			return false, v.Name, "the setting env.include does not have it"
		}
	}
	if as, rule := p.renamed(v.Name); rule != nil {
		return true, as, fmt.Sprintf("the setting env.rename makes %q of %q", rule.To, rule.From)
	}
	return true, v.Name, ""
}

// builtIn is what holds for a variable that no setting includes, excludes or renames.
func (p MergePolicy) builtIn(v *Variable) (apply bool, reason string) {
	switch v.Origin.Tier {
	case Dev:
		return true, "it is set for this machine"
	case Spec, ConfigMap, Secret:
		return true, "the workload's spec sets it"
	}
	if pattern, ok := p.match(p.AllowImage, v.Name); ok {
		return true, fmt.Sprintf("the setting env.allowImage has %q", pattern)
	}
	if pattern, ok := p.match(p.KeepLocal, v.Name); ok {
		return false, fmt.Sprintf("the setting env.keepLocal has %q", pattern)
	}
	switch {
	case matches(personal, v.Name):
		return false, "it belongs to the user and this machine"
	case v.Origin.Tier == Image && matches(containerPaths, v.Name):
		return false, "its value is about paths inside the image"
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
//   - The policy's patterns are above both, but never touch the dev tier.
//   - Where two variables end up with one name, by a rename or because names
//     compare without case, the dev tier is applied before a renamed one, and
//     that before the one of the higher tier.
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
		d := &decisions[i]
		apply, as, reason := policy.verdict(v)
		*d = Decision{Name: v.Name, Origin: v.Origin, Action: LeftOut, Reason: reason}
		if as != v.Name {
			d.As = as
		}
		folded := policy.fold(as)
		value, has := own[folded]
		switch {
		case !apply && has:
			d.Action = KeptLocal
		case apply:
			d.Action, d.Replaces = Applied, has && value != v.Value
			winner := i
			if j, clash := applied[folded]; clash {
				loser := d
				if height(d) > height(&decisions[j]) {
					loser = &decisions[j]
				} else {
					winner = j
				}
				loser.Action, loser.Replaces = LeftOut, false
				loser.Reason = fmt.Sprintf("in the local process %s has its name", e.Vars[winner].Name)
			}
			applied[folded] = winner
		}
	}
	return decisions, applied
}

// height orders applied variables that end up with one name.
func height(d *Decision) int {
	if d.As != "" {
		return 2*tierHeight(Dev) - 1
	}
	return 2 * tierHeight(d.Origin.Tier)
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
	decisions, applied := e.decide(osEnviron, policy)
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
		out = append(out, decisions[i].local()+"="+e.Vars[i].Value)
	}
	return out
}

// Chosen is what goes into files: the variables that [Environment.Local] would
// apply, under the names that the process sees. A reader lays a file over the
// user's own environment, so what stays local must not be in it. Variables that
// would be applied but that no process can be given (without a value yet, with
// a NUL) stay, for the file's encoder to name. Warnings and absences are those of e.
func (e *Environment) Chosen(policy MergePolicy) *Environment {
	out := &Environment{Warnings: e.Warnings, Absent: e.Absent, Vars: make([]Variable, 0, len(e.Vars))}
	decisions, _ := e.decide(nil, policy)
	for i, v := range e.Vars {
		d := decisions[i]
		if d.Action != Applied && !policy.undeliverable(&v) {
			continue
		}
		v.Name = d.local()
		out.Vars = append(out.Vars, v)
	}
	slices.SortFunc(out.Vars, func(a, b Variable) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// undeliverable says that only v's name or value keeps it from being applied.
func (p MergePolicy) undeliverable(v *Variable) bool {
	if impossible(v) == "" {
		return false
	}
	keep, _, reason := p.settings(v)
	if keep && reason == "" {
		keep, _ = p.builtIn(v)
	}
	return keep
}

// With is the environment with dev on top, as from -e NAME=VALUE; of two with
// one name the last counts.
func (e *Environment) With(dev []Var) *Environment {
	if len(dev) == 0 {
		return e
	}
	out := &Environment{Warnings: slices.Clone(e.Warnings), Absent: e.Absent, Vars: slices.Clone(e.Vars)}
	for _, d := range dev {
		v := Variable{Name: d.Name, Value: d.Value, Origin: Origin{Tier: Dev, Object: d.Source}}
		i, found := slices.BinarySearchFunc(out.Vars, d.Name, func(v Variable, n string) int { return cmp.Compare(v.Name, n) })
		if found {
			v.Shadowed = append([]Origin{out.Vars[i].Origin}, out.Vars[i].Shadowed...)
			out.Vars[i] = v
		} else {
			out.Vars = slices.Insert(out.Vars, i, v)
		}
		out.Warnings = slices.DeleteFunc(out.Warnings, func(w Warning) bool { return w.Variable == d.Name })
	}
	return out
}
