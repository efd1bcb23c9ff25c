package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tandem-dev/tandem/debug/runconfig"
	"github.com/tandem-dev/tandem/envfile"
	"github.com/tandem-dev/tandem/manifest"
)

// configFlags are those of all verbs of `tandem config`.
type configFlags struct {
	file, editor, workspace string
	noTask                  bool
	attachPort              int
}

func newConfig(g *globals) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Run configurations of editors: write them, take them away",
		Long: "Writes what an editor needs to run and debug DEV as if it were in the cluster, into the editor's own\n" +
			"files, beside what is there, and takes it away again. docs/run-configurations.md has the details.",
	}
	onlyVerbs(cmd)
	var flags configFlags
	verb := func(use, short, long, example string, run func(ctx context.Context, devs []string) error) *cobra.Command {
		c := &cobra.Command{
			Use: use + " [DEV...]", Short: short, Long: long, Example: example,
			RunE: func(cmd *cobra.Command, devs []string) error {
				if err := flags.check(); err != nil {
					return err
				}
				return run(cmd.Context(), devs)
			},
		}
		f := c.Flags()
		f.StringVarP(&flags.file, "file", "f", "", "manifest (default: okteto.yml, okteto.yaml, or the same in .okteto/)")
		f.StringVar(&flags.editor, "editor", "", "vscode, jetbrains, neovim or zed")
		f.StringVar(&flags.workspace, "workspace", "", "folder that the editor has open (default: the manifest's)")
		return c
	}
	write := verb("write", "Write run configurations of DEV, or of every hybrid dev",
		"Writes configurations, tasks and settings for DEV (default: every hybrid dev of the manifest) into the\n"+
			"editor's files. Writing again brings them up to date and keeps what you have changed in them.",
		"  tandem config write api --editor vscode",
		func(ctx context.Context, devs []string) error {
			plan, err := flags.planWrite(ctx, g, devs)
			return apply(os.Stdout, plan, err, upToDate)
		})
	plan := verb("plan", "Show what 'write' would change",
		"Shows what 'write' would change, line by line, and changes nothing.",
		"  tandem config plan api --editor vscode",
		func(ctx context.Context, devs []string) error {
			plan, err := flags.planWrite(ctx, g, devs)
			return show(os.Stdout, plan, err)
		})
	for _, c := range []*cobra.Command{write, plan} {
		c.Flags().BoolVar(&flags.noTask, "no-task", false, "leave out the task that starts the session")
		c.Flags().IntVar(&flags.attachPort, "attach-port", 0, "add a configuration that attaches to a debugger on this port of your machine")
	}
	remove := verb("remove", "Take run configurations of DEV away, or all",
		"Takes the configurations of DEV (default: all that are Tandem's in the workspace) away. Files in which\n"+
			"nothing else has changed have their bytes from before; what was made for them is deleted. The manifest\n"+
			"need not be there any more.",
		"  tandem config remove api --editor vscode",
		func(_ context.Context, devs []string) error {
			plan, err := flags.planRemove(devs)
			return apply(os.Stdout, plan, err, "there is nothing to take away")
		})
	cmd.AddCommand(plan, write, remove)
	return cmd
}

// upToDate is said where there is nothing to write.
const upToDate = "everything is as it should be"

func (c *configFlags) check() error {
	switch {
	case c.editor == "":
		return usageError{errors.New("--editor is missing: want vscode, jetbrains, neovim or zed")}
	case runconfig.Editor(c.editor).Check() != nil:
		return usageError{fmt.Errorf("--editor %q: want vscode, jetbrains, neovim or zed", c.editor)}
	case c.attachPort < 0 || c.attachPort > 65535:
		return usageError{fmt.Errorf("--attach-port %d is no port", c.attachPort)}
	}
	return nil
}

// place is the manifest and the folder that the editor has open. A manifest that
// is not there is where it would be.
func (c *configFlags) place() (manifestPath, workspace string, missing error) {
	manifestPath, missing = manifest.Discover("", c.file)
	if missing != nil {
		manifestPath, _ = filepath.Abs(cmp.Or(c.file, "okteto.yml"))
	}
	workspace = strings.TrimSuffix(filepath.Dir(manifestPath), string(filepath.Separator)+".okteto")
	if c.workspace != "" {
		var err error
		if workspace, err = filepath.Abs(c.workspace); err != nil {
			return "", "", err
		}
	}
	return manifestPath, workspace, missing
}

// planWrite describes the devs and, where their sessions run, what environment
// files lack of their environments.
func (c *configFlags) planWrite(ctx context.Context, g *globals, devs []string) (*runconfig.Plan, error) {
	path, workspace, err := c.place()
	if err != nil {
		return nil, err
	}
	if len(devs) == 0 {
		devs = []string{""}
	}
	var all []runconfig.Service
	for _, dev := range devs {
		some, err := runconfig.Services(workspace, path, dev, runconfig.Options{NoTask: c.noTask, AttachPort: c.attachPort})
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	m, err := g.manager(nil)
	if err != nil {
		return nil, err
	}
	defer m.Close(ctx)
	editor := runconfig.Editor(c.editor)
	for i := range all {
		env, err := m.RunningEnvironment(ctx, path, all[i].Name)
		if err != nil {
			return nil, err
		}
		if env != nil {
			env = env.Chosen(envfile.MergePolicy{})
		}
		if all[i].Extra, err = runconfig.Deliver(editor, editor.Dialects(all[i].Target.Language), env); err != nil {
			return nil, err
		}
	}
	return runconfig.Write(workspace, editor, all)
}

func (c *configFlags) planRemove(devs []string) (*runconfig.Plan, error) {
	path, workspace, _ := c.place()
	var labels []string
	for _, dev := range devs {
		labels = append(labels, runconfig.Labels(workspace, path, dev)...)
	}
	return runconfig.Remove(workspace, runconfig.Editor(c.editor), labels...)
}

// apply makes the changes and lists the files, one line each.
func apply(w io.Writer, plan *runconfig.Plan, err error, nothing string) error {
	if err == nil {
		err = plan.Apply()
	}
	if err != nil {
		return err
	}
	for _, f := range plan.Changes {
		fmt.Fprintf(w, "%-7s %s\n", past[f.Action], f.Rel)
	}
	return conclude(plan, nothing)
}

// show prints the changes as a diff without context.
func show(w io.Writer, plan *runconfig.Plan, err error) error {
	if err != nil {
		return err
	}
	for _, f := range plan.Changes {
		fmt.Fprintf(w, "%s %s\n", f.Action, f.Rel)
		printEdits(w, f)
	}
	return conclude(plan, upToDate)
}

// conclude says on stderr what there is to say beside the changes.
func conclude(plan *runconfig.Plan, nothing string) error {
	p := newPaint(os.Stderr)
	for _, n := range plan.Notes {
		fmt.Fprintf(os.Stderr, "%s %s\n", p.warn("tandem: note:"), n)
	}
	if len(plan.Changes) == 0 {
		fmt.Fprintln(os.Stderr, nothing)
	}
	return nil
}

// past says what was done to a file.
var past = map[runconfig.Action]string{runconfig.Create: "created", runconfig.Change: "changed", runconfig.Delete: "deleted"}

// printEdits prints the lines that each run of edits takes out and puts in.
func printEdits(w io.Writer, f runconfig.FileChange) {
	for i := 0; i < len(f.Edits); {
		// Edits that share lines are shown as one.
		start := bytes.LastIndexByte(f.Before[:f.Edits[i].Start], '\n') + 1
		end, next := start, i
		var text strings.Builder
		at := start
		for ; next < len(f.Edits) && (next == i || f.Edits[next].Start < end); next++ {
			e := f.Edits[next]
			text.Write(f.Before[at:e.Start])
			text.WriteString(e.Text)
			at = e.End
			end = len(f.Before)
			if n := bytes.IndexByte(f.Before[at:], '\n'); n >= 0 {
				end = at + n + 1
			}
		}
		text.Write(f.Before[at:end])
		printDiff(w, 1+bytes.Count(f.Before[:start], []byte("\n")), string(f.Before[start:end]), text.String())
		i = next
	}
}

// printDiff prints two texts without the lines that both begin or end with.
func printDiff(w io.Writer, line int, before, after string) {
	was, is := lines(before), lines(after)
	for len(was) > 0 && len(is) > 0 && was[0] == is[0] {
		was, is, line = was[1:], is[1:], line+1
	}
	for len(was) > 0 && len(is) > 0 && was[len(was)-1] == is[len(is)-1] {
		was, is = was[:len(was)-1], is[:len(is)-1]
	}
	fmt.Fprintf(w, "@@ line %d @@\n", line)
	for _, l := range was {
		fmt.Fprintln(w, "-"+l)
	}
	for _, l := range is {
		fmt.Fprintln(w, "+"+l)
	}
}

func lines(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(strings.ReplaceAll(text, "\r\n", "\n"), "\n"), "\n")
}
