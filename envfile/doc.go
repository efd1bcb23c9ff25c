// Package envfile answers one question: which environment would this container
// have, where does every value come from, and how does it reach a process on
// the laptop without losing a byte or leaking a secret.
//
// # Five tiers
//
// [Resolve] merges the documented tiers, highest first:
//
//	Dev        environment and envFiles of the development container
//	Spec       the container's env list
//	ConfigMap  envFrom ConfigMaps
//	Secret     envFrom Secrets
//	Image      ENV of the container image
//
// Two more exist in real pods: Service (the link variables that the kubelet
// adds, between Secret and Image) and Injected (what the runtime or an
// admission webhook added, known only from a running container).
//
// Inside a tier the kubelet's rules hold: list order, last wins, prefixes,
// optional references, $(VAR) expansion. The kubelet itself applies envFrom in
// list order whatever the kind; where that disagrees with the documented tiers
// (a Secret listed after a ConfigMap, both with the same key) the documented
// order wins and a warning names both objects. [Kubelet] precedence follows
// the kubelet instead. Expansion always sees what the kubelet sees, so that
// an expanded value is the one the container has.
//
// # Computed and observed
//
// Computed comes from API objects and works before anything runs. What exists
// only in the pod (its name, address, node) is then Unresolved: listed, with
// a warning, without a value. Observed is the environ of the running dev
// container and is the truth: it fills in what was unresolved, adds the image
// tier, and overrides a computed value that differs. Each difference is a
// [Warning] that carries the name. compare.go documents the rules.
//
// # Secrets
//
// Variable.Secret marks a value that comes from a Secret or embeds one through
// $(VAR), however many steps away. Such a value is left out when a Variable is
// printed or marshalled; only [Encode], [WriteFile] and [Environment.Local]
// carry it on.
//
// # Explained
//
// [Explain] tells the history of one name: every source that has it, the
// strongest first, with what shadows what; each $(VAR) with where it was read
// from, or why it stays; what the container has; why a name is absent. It
// resolves anew, so it costs as much as [Resolve].
//
// # On this machine
//
// [MergePolicy] lays an environment over the user's own: built-in rules keep
// PATH, HOME and their like local, and the patterns of the settings include,
// exclude and rename. [RewriteHosts] finds values that point at a forwarded
// service and suggests the local end of the forward, or puts it there. Neither
// touches the Dev tier, which the developer wrote for this machine.
//
// # Use
//
//	refs := envfile.References(container)            // what to read from the API
//	env, err := envfile.Resolve(envfile.Input{…})     // computed, or compared with Observed
//	argv.Env = env.Local(os.Environ(), envfile.MergePolicy{})
//	file, err := envfile.WriteFile(".tandem", "api", env, envfile.Dotenv)
//
// The package starts no goroutine and, but for the file functions, does no
// input or output.
package envfile
