package runconfig

import (
	"cmp"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tandem-dev/tandem/debug"
	"github.com/tandem-dev/tandem/envfile"
	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/manifest"
)

// Editor is who reads the configurations. Its text is part of the protocol.
type Editor string

// The editors that configurations are written for.
const (
	VSCode    Editor = "vscode"
	JetBrains Editor = "jetbrains"
	Neovim    Editor = "neovim"
	Zed       Editor = "zed"
)

// Editors lists the editors.
func Editors() []Editor { return []Editor{VSCode, JetBrains, Neovim, Zed} }

// Check is fault.InvalidParams for an editor that is not known.
func (e Editor) Check() error {
	if slices.Contains(Editors(), e) {
		return nil
	}
	return fault.New(fault.InvalidParams, "there are no run configurations for an editor %q", e).
		Hint("want one of vscode, jetbrains, neovim, zed")
}

// Dialects are the dialects of environment files that the configurations of an
// editor refer to, for one service.
func (e Editor) Dialects(language debug.Language) []envfile.Dialect {
	switch e {
	case VSCode:
		switch language {
		case debug.Go:
			return []envfile.Dialect{envfile.VSCodeGo}
		case debug.Python:
			return []envfile.Dialect{envfile.VSCodePython}
		case debug.Node:
			return []envfile.Dialect{envfile.VSCodeNode}
		case debug.Java:
			return []envfile.Dialect{envfile.VSCodeJava}
		}
	case JetBrains:
		switch language {
		case debug.Python, debug.Java: // these read a file by themselves, too
			return []envfile.Dialect{envfile.JetBrains, envfile.JetBrainsEnvFile}
		case debug.Go, debug.Node:
			return []envfile.Dialect{envfile.JetBrainsEnvFile}
		}
	case Neovim:
		if language != debug.Generic {
			return []envfile.Dialect{envfile.JSON}
		}
	case Zed:
		switch language {
		case debug.Go:
			return []envfile.Dialect{envfile.Dotenv}
		case debug.Node:
			return []envfile.Dialect{envfile.DotenvJS}
		}
	}
	return nil
}

// Options vary the configurations of a service.
type Options struct {
	// EnvDir is where environment files are; "" is .tandem beside the manifest.
	EnvDir string
	// NoTask leaves out the task that starts the session, for an editor that
	// does it by itself.
	NoTask bool
	// AttachPort, where not 0, adds a configuration that attaches to a debugger
	// listening on that port of this machine.
	AttachPort int
}

// Service is one dev as its configurations need it.
type Service struct {
	// Name is the dev's, Label the one for people: with the manifest's folder
	// where that is not the workspace.
	Name, Label string
	// Manifest is the manifest's path, absolute.
	Manifest string
	// Target is what runs.
	Target debug.Target
	// Extra is what the environment file of a reader lacks.
	Extra Extra
	Options
}

// NewService describes a dev of a manifest to the editor that has the folder
// workspace open.
func NewService(workspace string, man *manifest.Manifest, dev *manifest.Dev, o Options) Service {
	argv := dev.Command.Argv
	if dev.Command.Shell {
		argv = []string{"sh", "-c", dev.Command.Argv[0]}
	}
	dir := cmp.Or(dev.Workdir, man.Dir)
	o.EnvDir = cmp.Or(o.EnvDir, filepath.Join(man.Dir, envfile.DirName))
	if abs, err := filepath.Abs(o.EnvDir); err == nil {
		o.EnvDir = abs // as a session finds it from where it runs
	}
	return Service{
		Name: dev.Name, Label: Label(workspace, man.Path, dev.Name), Manifest: man.Path,
		Target: debug.Detect(dir, argv), Options: o,
	}
}

// Label is how the configurations of a dev are called: the dev's name, followed
// by the folder of its manifest where that is not the workspace itself.
func Label(workspace, manifestPath, dev string) string {
	dir := filepath.Dir(manifestPath)
	if filepath.Base(dir) == ".okteto" {
		dir = filepath.Dir(dir)
	}
	rel, err := filepath.Rel(workspace, dir)
	if err != nil || rel == "." {
		return dev
	}
	return dev + " (" + filepath.ToSlash(rel) + ")"
}

// Labels are what the configurations of a dev may be called, for removing them:
// the manifest may have lost the dev, or be gone. A name as the manifest spells
// it is understood where the manifest can be read. Without a name there is no
// label, which for [Remove] is everything.
func Labels(workspace, manifestPath, name string) []string {
	if name == "" {
		return nil
	}
	if man, _ := manifest.Load(manifestPath, manifest.Options{}); man != nil {
		if dev, err := man.Dev(name); err == nil {
			name = dev.Name
		}
	}
	return []string{Label(workspace, manifestPath, name)}
}

// envFile is the path of the service's environment file in a dialect.
func (s Service) envFile(d envfile.Dialect) string {
	return filepath.Join(s.EnvDir, s.Name+d.Extension())
}

// The names of what is written. prefix is half of the mark (see doc.go).
const (
	prefix     = "Tandem: "
	group      = "tandem"
	launchAll  = prefix + "all"
	folderName = "Tandem"
)

func (s Service) launchName() string { return prefix + s.Label }
func (s Service) attachName() string { return prefix + "attach to " + s.Label }
func (s Service) upName() string     { return prefix + "up " + s.Label }
func (s Service) runName() string    { return prefix + "run " + s.Label }

// place writes paths as an editor wants them: with a macro for the workspace.
type place struct {
	workspace, macro string
}

// path is a path below the workspace with the macro, any other as it is.
func (p place) path(path string) string {
	if rel, ok := p.rel(path); ok {
		if rel == "." {
			return p.macro
		}
		return p.macro + "/" + rel
	}
	return filepath.ToSlash(path)
}

// rel is a path as seen from the workspace, with slashes.
func (p place) rel(path string) (string, bool) {
	rel, err := filepath.Rel(p.workspace, path)
	if err != nil || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
		return "", false
	}
	return filepath.ToSlash(rel), true
}

// manifestArgs name the manifest to tandem where it would not find it by itself
// in the folder that it is started in.
func (p place) manifestArgs(s Service, cwd string) []string {
	if found, err := manifest.Discover(cwd, ""); err == nil && found == s.Manifest {
		return nil
	}
	return []string{"-f", p.path(s.Manifest)}
}

// up is the command line, in the workspace, that starts the service's session and
// stays. Where the
// editor debugs the program the session runs none.
func (p place) up(s Service, dialects []envfile.Dialect) []string {
	args := append([]string{"up", s.Name}, p.manifestArgs(s, p.workspace)...)
	if s.Target.Language != debug.Generic {
		args = append(args, "--no-command")
	}
	if len(dialects) > 0 {
		var names []string
		for _, d := range dialects {
			names = append(names, string(d))
		}
		args = append(args, "--files", strings.Join(names, ","))
	}
	return args
}

// wrapper is what stands behind "tandem" and before a command that is to have
// the environment without a file in between.
func (p place) wrapper(s Service) []string {
	return append(append([]string{"run", s.Name}, p.manifestArgs(s, s.Target.Cwd)...), "--")
}

// Services describes the dev of a manifest, or without a name every hybrid one,
// to the editor that has the folder workspace open. The manifest's errors are
// those of its devs alone that are asked for.
func Services(workspace, manifestPath, name string, o Options) ([]Service, error) {
	man, err := manifest.Load(manifestPath, manifest.Options{})
	if man == nil {
		return nil, err
	}
	var devs []*manifest.Dev
	if name != "" {
		dev, devErr := man.Dev(name)
		if devErr != nil {
			return nil, cmp.Or(err, devErr) // the entry may be missing because the file is broken
		}
		devs = []*manifest.Dev{dev}
	} else {
		for _, d := range man.Devs {
			if d.Mode == manifest.Hybrid {
				devs = append(devs, d)
			}
		}
		if len(devs) == 0 {
			if err != nil {
				return nil, err
			}
			_, err := man.Dev("")
			return nil, err
		}
	}
	var all []Service
	for _, d := range devs {
		if err := man.Err(d.Name); err != nil {
			return nil, err
		}
		if err := d.Runnable(); err != nil {
			return nil, err
		}
		all = append(all, NewService(workspace, man, d, o))
	}
	return all, nil
}
