// Package process runs the developer's command on this machine with the
// environment that its container has in the cluster, and ends it completely.
//
//	p, err := process.Start(ctx, process.Spec{
//		Argv:   []string{"go", "run", "."},
//		Dir:    dev.Workdir,
//		Env:    env.Local(os.Environ(), policy),
//		Stdout: out, Stderr: out,
//	})
//	…
//	exit := p.Stop(ctx) // or p.Wait()
//
// # How the command is wired
//
//   - Without [Spec.Terminal] (under an editor) its input is [Spec.Stdin] or the
//     null device, never our own stdin, which carries the protocol. Output
//     arrives at the writers in chunks, as it comes.
//   - With a Terminal whose two files are both terminals it runs on a
//     pseudo-terminal of its own. Job control, Ctrl-C, Ctrl-Z, Ctrl-D, line
//     editing and resizing belong to the command, as in a shell: our terminal is
//     raw meanwhile and is given back as it was found.
//   - With a Terminal of which one file is redirected (tandem up | tee log) it
//     inherits the files as they are, and the keyboard's signals are forwarded.
//
// # What "ended" means
//
// A command is its whole family: npm starts a shell that starts node, and it is
// node that holds the port. On Linux and macOS the command leads a session of
// its own (setsid). On Linux the family is every process of that session, found
// through /proc, whatever its process group or parent has become in the
// meantime. On macOS it is the leader's process group; groups which an
// interactive shell made are reached by the hang-up of their terminal only. On
// Windows it is a job object, from which nothing can escape.
//
// The family is asked first (SIGTERM; on a pseudo-terminal also SIGHUP, because
// an interactive bash ignores SIGTERM; SIGCONT to what is stopped, or it would
// never see the rest), gets [Spec.Grace], and what remains is killed. The same
// happens to what a command leaves behind when it exits by itself. On
// Linux a process born after the question is asked only if its parent is gone:
// the others are the clean-up that a trap handler runs.
//
// A process that called setsid itself has left. That is how Unix says "I outlive
// this command", and Gradle's and Bazel's servers, a tmux server and an editor
// opened from a script rely on it; so they are let go, on purpose. They cannot
// keep us waiting either: output which they hold open is drained for
// [Spec.Drain] and then closed.
//
// # No signal to a stranger
//
// Numbers of processes are reused. The leader is not reaped before its family
// is gone, so its number, which is also the number of its session and of its
// group, stays taken. On Linux every other member is pinned by a pidfd before
// its session is read for the second time, and signals go through the pidfd.
//
// # When we are killed
//
// SIGKILL leaves us no time to stop anything. On a pseudo-terminal the kernel
// hangs up: its master closes, and the session gets SIGHUP. Windows closes the
// job. Otherwise Linux sends the leader a SIGTERM (PR_SET_PDEATHSIG), which npm,
// make and most dev servers pass on to their children; SIGKILL would be certain
// for the leader and orphan everything under it. That signal is tied to the
// death of the THREAD that forked, so the fork happens on a locked thread that
// lives until the leader has exited; it is the thread that waits for it anyway.
// macOS has no such signal. A set-uid program loses it.
//
// # Goroutines
//
// Each [Process] has these, all gone when [Process.Done] closes, but for the two
// named at the end:
//
//   - own: the owner; starts first, ends last, and alone writes the result.
//   - lead: forks and waits for the leader; ends with it.
//   - one per output pipe, or one for the pseudo-terminal's output.
//   - one for the terminal's input and one for signals, in terminal mode.
//   - stdin: copies Spec.Stdin; ends when that reader returns, which may be later
//     than Done if the reader blocks. Its owner must end it.
//   - an output goroutine stuck in a writer that never returns is abandoned
//     after the drain and ends when the writer does return.
package process
