package runconfig

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/beevik/etree"

	"github.com/tandem-dev/tandem/debug"
	"github.com/tandem-dev/tandem/envfile"
)

// runDir is the folder in which JetBrains IDEs look for shared configurations,
// one in each file.
const runDir = ".run"

// runFile is the file of one of the service's configurations.
func (s Service) runFile(what string) string {
	return runDir + "/Tandem " + what + strings.ReplaceAll(s.Label, "/", "-") + ".run.xml"
}

// runPart is a configuration as a compound names it.
type runPart struct{ name, sort string }

// runXML is one configuration that is being built.
type runXML struct {
	doc    *etree.Document
	config *etree.Element
}

// newRun begins the layout that all configurations share. factory is "" where
// the type has only one, as the IDE itself leaves it out.
func newRun(name, sort, factory string) runXML {
	doc := etree.NewDocument()
	component := doc.CreateElement("component")
	component.CreateAttr("name", "ProjectRunConfigurationManager")
	c := component.CreateElement("configuration")
	c.CreateAttr("default", "false")
	c.CreateAttr("name", name)
	c.CreateAttr("type", sort)
	if factory != "" {
		c.CreateAttr("factoryName", factory)
	}
	c.CreateAttr("folderName", folderName)
	return runXML{doc, c}
}

// value adds <tag value="…"/>.
func (r runXML) value(tag, v string) { r.config.CreateElement(tag).CreateAttr("value", v) }

// option adds <option name="…" value="…"/>.
func option(to *etree.Element, name, v string) *etree.Element {
	o := to.CreateElement("option")
	o.CreateAttr("name", name)
	o.CreateAttr("value", v)
	return o
}

func (r runXML) option(name, v string) { option(r.config, name, v) }

// end adds what is done before, with Java's build where make is set, and gives
// the text.
func (r runXML) end(build bool) (string, error) {
	m := r.config.CreateElement("method")
	m.CreateAttr("v", "2")
	if build {
		o := m.CreateElement("option")
		o.CreateAttr("name", "Make")
		o.CreateAttr("enabled", "true")
	}
	return writeXML(r.doc)
}

// writeXML writes a document as the IDE does: two blanks, and a line feed in an
// attribute as a reference, because XML makes a blank of a plain one.
func writeXML(doc *etree.Document) (string, error) {
	doc.WriteSettings = etree.WriteSettings{CanonicalAttrVal: true}
	doc.Indent(2)
	return doc.WriteToString()
}

// envs adds the variables that the configuration holds itself.
func (r runXML) envs(s Service) {
	e := r.config.CreateElement("envs")
	for _, v := range s.inline(JetBrains) {
		env := e.CreateElement("env")
		env.CreateAttr("name", v.Name)
		env.CreateAttr("value", v.Value)
	}
}

// envFilePlugin adds the settings of the plugin EnvFile. Its reader for YAML
// takes JSON, exactly when nothing is substituted.
func (r runXML) envFilePlugin(file string) {
	x := r.config.CreateElement("EXTENSION")
	x.CreateAttr("ID", "net.ashald.envfile")
	option(x, "IS_ENABLED", "true")
	option(x, "IS_SUBST", "false")
	option(x, "IS_PATH_MACRO_SUPPORTED", "false")
	option(x, "IS_IGNORE_MISSING_FILES", "false")
	option(x, "IS_ENABLE_EXPERIMENTAL_INTEGRATIONS", "false")
	entries := x.CreateElement("ENTRIES")
	for _, e := range [][2]string{{"runconfig", ""}, {"yaml", file}} {
		entry := entries.CreateElement("ENTRY")
		entry.CreateAttr("IS_ENABLED", "true")
		entry.CreateAttr("PARSER", e[0])
		entry.CreateAttr("IS_EXECUTABLE", "false")
		if e[1] != "" {
			entry.CreateAttr("PATH", e[1])
		}
	}
}

// jetbrains renders a service for the IDEs of JetBrains: a shell script that
// starts the session, and a configuration of the language's own type.
func (p place) jetbrains(s Service) (rendered, error) {
	var out rendered
	add := func(id, what string, r runXML, build bool) error {
		content, err := r.end(build)
		out.texts = append(out.texts, text{path: s.runFile(what), id: id + s.Label, owner: s.Label, text: content})
		return err
	}
	if !s.NoTask {
		if err := add("up/", "up ", p.runUp(s), false); err != nil {
			return out, err
		}
	}
	r, note := p.runLaunch(s)
	if r.doc != nil {
		if err := add(launchID, "", r, s.Target.Language == debug.Java && s.Target.Module != ""); err != nil {
			return out, err
		}
	} else if note != "" {
		out.notes = append(out.notes, note)
	}
	if r := p.runAttach(s); r.doc != nil {
		if err := add("attach/", "attach to ", r, false); err != nil {
			return out, err
		}
	}
	if left := s.Extra.Left; len(left) > 0 {
		out.notes = append(out.notes, leftNote(s, left))
	}
	return out, nil
}

// pluginFile is the environment file of the plugin. The IDE itself replaces
// $PROJECT_DIR$ when it reads the configuration, the plugin need not.
func (p place) pluginFile(s Service) string { return p.path(s.envFile(envfile.JetBrainsEnvFile)) }

// runLaunch is the configuration that runs and debugs the program.
func (p place) runLaunch(s Service) (runXML, string) {
	t := s.Target
	switch t.Language {
	case debug.Go:
		return p.runGo(s)
	case debug.Python:
		return p.runPython(s)
	case debug.Node:
		return p.runNode(s)
	case debug.Java:
		if t.Tool == debug.Gradle && t.Module == "" {
			return p.runGradle(s), ""
		}
		if t.Module == "" {
			return runXML{}, "nothing tells the main class, which the configuration needs"
		}
		return p.runJava(s), ""
	}
	return runXML{}, ""
}

// runGo has the elements that GoLand writes.
func (p place) runGo(s Service) (runXML, string) {
	t := s.Target
	sort, factory := "GoApplicationRunConfiguration", "Go Application"
	switch t.Mode {
	case debug.Test:
		sort, factory = "GoTestRunConfiguration", "Go Test"
	case debug.Exec:
		return runXML{}, "it runs a binary that is built elsewhere, which GoLand can only attach to"
	}
	r := newRun(s.launchName(), sort, factory)
	r.config.CreateElement("module").CreateAttr("name", filepath.Base(p.workspace))
	r.value("working_directory", p.path(t.Cwd))
	if len(t.Flags) > 0 {
		r.value("go_parameters", joinArgs(t.Flags))
	}
	if len(t.Args) > 0 {
		r.value("parameters", joinArgs(t.Args))
	}
	r.envs(s)
	r.envFilePlugin(p.pluginFile(s))
	program := cmp.Or(t.Program, t.Cwd)
	kind, directory, filePath, pkg := "DIRECTORY", p.path(t.Cwd), p.path(t.Cwd), ""
	switch {
	case !filepath.IsAbs(program):
		kind, pkg = "PACKAGE", program
	case strings.HasSuffix(program, ".go"):
		kind, directory, filePath = "FILE", p.path(filepath.Dir(program)), p.path(program)
	default:
		directory = p.path(program)
	}
	r.value("kind", kind)
	r.value("package", pkg)
	r.value("directory", directory)
	r.value("filePath", filePath)
	if t.Mode == debug.Test {
		r.value("framework", "gotest")
	}
	return r, ""
}

func (p place) runPython(s Service) (runXML, string) {
	t := s.Target
	script := t.Module
	if t.Program != "" && t.Module == "" {
		script = p.path(t.Program)
	}
	if script == "" {
		return runXML{}, "nothing tells which Python program it runs"
	}
	r := newRun(s.launchName(), "PythonConfigurationType", "Python")
	r.config.CreateElement("module").CreateAttr("name", filepath.Base(p.workspace))
	r.option("ENV_FILES", p.path(s.envFile(envfile.JetBrains)))
	r.option("INTERPRETER_OPTIONS", joinArgs(t.Flags))
	r.option("PARENT_ENVS", "true")
	r.envs(s)
	r.option("SDK_HOME", "")
	r.option("WORKING_DIRECTORY", p.path(t.Cwd))
	r.option("IS_MODULE_SDK", "true")
	r.option("ADD_CONTENT_ROOTS", "true")
	r.option("ADD_SOURCE_ROOTS", "true")
	r.envFilePlugin(p.pluginFile(s))
	r.option("SCRIPT_NAME", script)
	r.option("PARAMETERS", joinArgs(t.Args))
	r.option("SHOW_COMMAND_LINE", "false")
	r.option("EMULATE_TERMINAL", "false")
	r.option("MODULE_MODE", strconv.FormatBool(t.Module != ""))
	r.option("REDIRECT_INPUT", "false")
	r.option("INPUT_FILE", "")
	return r, ""
}

func (p place) runNode(s Service) (runXML, string) {
	t := s.Target
	if t.Script != "" {
		r := newRun(s.launchName(), "js.build_tools.npm", "")
		r.value("package-json", p.path(filepath.Join(t.Cwd, "package.json")))
		r.value("command", "run")
		r.config.CreateElement("scripts").CreateElement("script").CreateAttr("value", t.Script)
		if len(t.Args) > 0 {
			r.value("arguments", joinArgs(t.Args))
		}
		r.value("node-interpreter", "project")
		r.envs(s)
		r.envFilePlugin(p.pluginFile(s))
		return r, ""
	}
	if t.Program == "" {
		return runXML{}, "nothing tells which JavaScript program it runs"
	}
	r := newRun(s.launchName(), "NodeJSConfigurationType", "")
	if len(t.Args) > 0 {
		r.config.CreateAttr("application-parameters", joinArgs(t.Args))
	}
	if len(t.Flags) > 0 {
		r.config.CreateAttr("node-parameters", joinArgs(t.Flags))
	}
	r.config.CreateAttr("path-to-js-file", p.path(t.Program))
	r.config.CreateAttr("working-dir", p.path(t.Cwd))
	r.envs(s)
	r.envFilePlugin(p.pluginFile(s))
	return r, ""
}

// runJava is a Spring Boot configuration where the project says that it is one,
// which wants IntelliJ IDEA Ultimate, else an Application.
func (p place) runJava(s Service) runXML {
	t := s.Target
	sort, factory, mainClass := "Application", "Application", "MAIN_CLASS_NAME"
	if springBoot(t) {
		sort, factory, mainClass = "SpringBootApplicationConfigurationType", "Spring Boot", "SPRING_BOOT_MAIN_CLASS"
	}
	r := newRun(s.launchName(), sort, factory)
	files := r.config.CreateElement("option")
	files.CreateAttr("name", "envFilePaths")
	files.CreateElement("option").CreateAttr("value", p.path(s.envFile(envfile.JetBrains)))
	r.option(mainClass, t.Module)
	r.config.CreateElement("module").CreateAttr("name", javaModule(t))
	if len(t.Args) > 0 {
		r.option("PROGRAM_PARAMETERS", joinArgs(t.Args))
	}
	if len(t.Flags) > 0 {
		r.option("VM_PARAMETERS", joinArgs(t.Flags))
	}
	r.option("WORKING_DIRECTORY", p.path(t.Cwd))
	r.envs(s)
	r.envFilePlugin(p.pluginFile(s))
	return r
}

// javaModule is what IntelliJ IDEA calls the project's module: Maven's artifact,
// or the main source set of Gradle's project.
func javaModule(t debug.Target) string {
	pom := etree.NewDocument()
	if err := pom.ReadFromFile(filepath.Join(t.Cwd, "pom.xml")); err == nil {
		if id := pom.FindElement("/project/artifactId"); id != nil {
			return strings.TrimSpace(id.Text())
		}
	}
	if t.Tool == debug.Gradle {
		return filepath.Base(t.Cwd) + ".main"
	}
	return filepath.Base(t.Cwd)
}

// springBoot says whether a command or a build file speaks of Spring Boot.
func springBoot(t debug.Target) bool {
	for _, a := range t.Argv {
		if strings.Contains(a, "spring-boot:") || strings.HasSuffix(a, "bootRun") {
			return true
		}
	}
	return slices.ContainsFunc([]string{"pom.xml", "build.gradle", "build.gradle.kts"}, func(name string) bool {
		text, err := os.ReadFile(filepath.Join(t.Cwd, name))
		return err == nil && (strings.Contains(string(text), "spring-boot") || strings.Contains(string(text), "org.springframework.boot"))
	})
}

func (p place) runGradle(s Service) runXML {
	t := s.Target
	r := newRun(s.launchName(), "GradleRunConfiguration", "Gradle")
	x := r.config.CreateElement("ExternalSystemSettings")
	if all := s.inline(JetBrains); len(all) > 0 {
		env := x.CreateElement("option")
		env.CreateAttr("name", "env")
		m := env.CreateElement("map")
		for _, v := range all {
			e := m.CreateElement("entry")
			e.CreateAttr("key", v.Name)
			e.CreateAttr("value", v.Value)
		}
	}
	x.CreateElement("option").CreateAttr("name", "executionName")
	option(x, "externalProjectPath", p.path(t.Cwd))
	option(x, "externalSystemIdString", "GRADLE")
	option(x, "scriptParameters", "")
	list := func(name string, all []string) {
		o := x.CreateElement("option")
		o.CreateAttr("name", name)
		l := o.CreateElement("list")
		for _, v := range all {
			l.CreateElement("option").CreateAttr("value", v)
		}
	}
	list("taskDescriptions", nil)
	var tasks []string
	if len(t.Argv) > 1 {
		tasks = t.Argv[1:]
	}
	list("taskNames", tasks)
	x.CreateElement("option").CreateAttr("name", "vmOptions")
	r.config.CreateElement("ExternalSystemDebugServerProcess").SetText("true")
	r.config.CreateElement("ExternalSystemReattachDebugProcess").SetText("true")
	r.config.CreateElement("DebugAllEnabled").SetText("false")
	r.envFilePlugin(p.pluginFile(s))
	return r
}

// runUp is the shell script that starts the session.
func (p place) runUp(s Service) runXML {
	r := newRun(s.upName(), "ShConfigurationType", "")
	args := p.up(s, JetBrains.Dialects(s.Target.Language))
	r.option("SCRIPT_TEXT", joinArgs(append([]string{"tandem"}, args...)))
	r.option("INDEPENDENT_SCRIPT_PATH", "true")
	r.option("SCRIPT_PATH", "")
	r.option("SCRIPT_OPTIONS", "")
	r.option("INDEPENDENT_SCRIPT_WORKING_DIRECTORY", "true")
	r.option("SCRIPT_WORKING_DIRECTORY", p.macro)
	r.option("INDEPENDENT_INTERPRETER_PATH", "true")
	r.option("INTERPRETER_PATH", "")
	r.option("INTERPRETER_OPTIONS", "")
	r.option("EXECUTE_IN_TERMINAL", "true")
	r.option("EXECUTE_SCRIPT_FILE", "false")
	r.config.CreateElement("envs")
	return r
}

// runAttach attaches to a debugger that listens already: GoLand to Delve's own
// protocol (`dlv --headless`, not DAP), the others to JDWP.
func (p place) runAttach(s Service) runXML {
	port := strconv.Itoa(s.AttachPort)
	switch {
	case s.AttachPort == 0:
		return runXML{}
	case s.Target.Language == debug.Go:
		r := newRun(s.attachName(), "GoRemoteDebugConfigurationType", "Go Remote")
		r.config.CreateAttr("host", "127.0.0.1")
		r.config.CreateAttr("port", port)
		r.option("disconnectOption", "LEAVE")
		r.value("disconnect", "LEAVE")
		return r
	case s.Target.Language == debug.Java:
		r := newRun(s.attachName(), "Remote", "")
		r.option("USE_SOCKET_TRANSPORT", "true")
		r.option("SERVER_MODE", "false")
		r.option("SHMEM_ADDRESS", "")
		r.option("HOST", "127.0.0.1")
		r.option("PORT", port)
		r.option("AUTO_RESTART", "false")
		settings := r.config.CreateElement("RunnerSettings")
		settings.CreateAttr("RunnerId", "Debug")
		option(settings, "DEBUG_PORT", port)
		option(settings, "LOCAL", "false")
		return r
	}
	return runXML{}
}

// compoundXML starts several configurations.
func compoundXML(parts []runPart) (string, error) {
	r := newRun(launchAll, "CompoundRunConfigurationType", "")
	for _, part := range parts {
		run := r.config.CreateElement("toRun")
		run.CreateAttr("name", part.name)
		run.CreateAttr("type", part.sort)
	}
	return r.end(false)
}

// joinArgs writes arguments as one line, the way IDEs and shells take it apart.
func joinArgs(args []string) string {
	var out []string
	for _, a := range args {
		if a == "" || strings.ContainsAny(a, " \t\n\"'\\$`&|;<>()*?#~") {
			a = fmt.Sprintf(`"%s"`, strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(a))
		}
		out = append(out, a)
	}
	return strings.Join(out, " ")
}
