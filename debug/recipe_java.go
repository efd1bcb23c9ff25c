package debug

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
)

// jdwpScript tells Gradle to give the agent to the JVMs of its tasks.
//
//go:embed jdwp.gradle
var jdwpScript string

// cookJava gives the JVM of the program the JDWP agent. JAVA_TOOL_OPTIONS reaches
// every JVM, so where Maven or Gradle start the program, which are JVMs themselves
// and would take the port, it goes through their own options.
func (s *Spec) cookJava(r *recipe) error {
	t := s.Target
	suspend := "n"
	if s.StopOnEntry || t.Mode == Test && t.Tool != "" { // tests do not wait for anybody
		suspend = "y"
	}
	agent := fmt.Sprintf("-agentlib:jdwp=transport=dt_socket,server=y,suspend=%s,address=%s:%d", suspend, host, r.port)
	r.job.Kind, r.job.Dir, r.job.Argv = JobRun, t.Cwd, t.Argv
	r.says = fmt.Sprintf("Listening for transport dt_socket at address: %d", r.port)
	switch t.Tool {
	case Maven:
		s.cookMaven(r, agent, suspend)
	case Gradle:
		file, err := write(r.job.Scratch, "jdwp.gradle", jdwpScript)
		if err != nil {
			return err
		}
		r.job.Argv = append(slices.Clone(t.Argv), "--init-script", file,
			fmt.Sprintf("-Dtandem.jdwp.port=%d", r.port), "-Dtandem.jdwp.suspend="+suspend)
		// A daemon would live on, with the session's environment in it, and with a
		// JVM that waits for a debugger until the daemon has noticed our end.
		if !slices.Contains(t.Argv, "--daemon") {
			r.job.Argv = append(r.job.Argv, "--no-daemon")
		}
	default:
		r.env = appended(r.env, "JAVA_TOOL_OPTIONS", agent)
	}
	r.configuration = map[string]any{"type": "java", "request": "attach", "hostName": host, "port": r.port}
	return nil
}

func (s *Spec) cookMaven(r *recipe, agent, suspend string) {
	argv := slices.Clone(s.Target.Argv)
	goal := func(suffix string) bool {
		return slices.ContainsFunc(argv, func(a string) bool { return strings.HasSuffix(a, suffix) })
	}
	switch {
	case goal("spring-boot:run"):
		const property = "-Dspring-boot.run.jvmArguments="
		for i, a := range argv {
			if own, ok := strings.CutPrefix(a, property); ok {
				argv[i] = property + own + " " + agent
				r.job.Argv = argv
				return
			}
		}
		argv = append(argv, property+agent)
	case goal("quarkus:dev"):
		argv = append(argv, fmt.Sprintf("-Ddebug=%d", r.port), "-DdebugHost="+host, "-Dsuspend="+suspend)
	case s.Target.Mode == Test:
		argv = append(argv, "-Dmaven.surefire.debug="+agent, "-Dmaven.failsafe.debug="+agent)
	default: // in Maven's own JVM
		r.env = appended(r.env, "MAVEN_OPTS", agent)
	}
	r.job.Argv = argv
}
