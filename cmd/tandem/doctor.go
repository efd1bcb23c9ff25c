package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/tandem-dev/tandem/rpc"
	"github.com/tandem-dev/tandem/rpc/protocol"
	"github.com/tandem-dev/tandem/session"
)

func newDoctor(g *globals) *cobra.Command {
	var file string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "doctor [DEV]",
		Short: "Look at everything that could keep a session from starting",
		Long: "Looks at the manifest, the kubeconfig, the API server and what you may do there, at the workload of DEV\n" +
			"(default: the manifest's only hybrid one), at what the namespace admits, at the agent's image, at this\n" +
			"machine's ports and clock, and at what a crashed session left. Nothing is changed.\n\n" +
			"Ends with 1 where something keeps a session from starting.",
		Example: "  tandem doctor\n  tandem doctor api --json | jq '.checks[] | select(.status == \"fail\")'",
		Args:    wrongArgs(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			m, err := g.manager(nil)
			if err != nil {
				return err
			}
			defer m.Close(cmd.Context())
			r := session.DoctorRequest{Manifest: file}
			if len(args) == 1 {
				r.Dev = args[0]
			}
			line := newProgressLine(os.Stderr)
			r.Progress = line.show
			d, err := m.Doctor(cmd.Context(), r)
			line.clear()
			if err != nil {
				return err
			}
			if asJSON {
				enc := json.NewEncoder(os.Stdout)
				enc.SetIndent("", "  ")
				enc.SetEscapeHTML(false)
				if err := enc.Encode(rpc.Diagnosis(d)); err != nil {
					return err
				}
			} else {
				printDiagnosis(os.Stdout, newPaint(os.Stdout), rpc.Diagnosis(d))
			}
			if d.Problems() > 0 {
				return exitCode(1)
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVarP(&file, "file", "f", "", "manifest (default: okteto.yml, okteto.yaml, or the same in .okteto/)")
	f.BoolVar(&asJSON, "json", false, "print JSON, as cluster/doctor of docs/protocol.md answers")
	return cmd
}

// printDiagnosis prints one line per check, with more below where there is more
// to say, and at last what it comes to.
func printDiagnosis(w io.Writer, p paint, d *protocol.ClusterDoctorResult) {
	width := 0
	for _, c := range d.Checks {
		width = max(width, len(c.Name))
	}
	indent := "\n" + strings.Repeat(" ", 4+width+2)
	count := map[protocol.DoctorStatus]int{}
	for _, c := range d.Checks {
		count[c.Status]++
		sign := map[protocol.DoctorStatus]string{
			protocol.DoctorOK: p.good("✓"), protocol.DoctorWarn: p.warn("!"), protocol.DoctorFail: p.bad("✗"), protocol.DoctorSkip: p.dim("-"),
		}[c.Status]
		detail := strings.ReplaceAll(c.Detail, "\n", indent)
		if c.Status == protocol.DoctorSkip {
			detail = p.dim("not looked at: ") + detail
		}
		fmt.Fprintf(w, "  %s %-*s  %s\n", sign, width, c.Name, detail)
		if c.Hint != "" && c.Status != protocol.DoctorOK {
			fmt.Fprintf(w, "%s%s %s\n", indent[1:], p.dim("hint:"), strings.ReplaceAll(c.Hint, "\n", indent))
		}
	}
	fmt.Fprintf(w, "\n%s\n", verdict(p, count))
}

// verdict sums the checks up.
func verdict(p paint, count map[protocol.DoctorStatus]int) string {
	plural := func(n int, what string) string {
		if n == 1 {
			return "1 " + what
		}
		return fmt.Sprintf("%d %ss", n, what)
	}
	switch {
	case count[protocol.DoctorFail] > 0:
		return p.bad(plural(count[protocol.DoctorFail], "problem")) + ", " + plural(count[protocol.DoctorWarn], "warning")
	case count[protocol.DoctorWarn] > 0:
		return "no problem, " + p.warn(plural(count[protocol.DoctorWarn], "warning"))
	}
	return p.good("all is well")
}

// progressLine is one line of a terminal that is written over and over; elsewhere
// it shows nothing.
type progressLine struct {
	mu    sync.Mutex
	w     *os.File
	paint paint
}

func newProgressLine(w *os.File) *progressLine { return &progressLine{w: w, paint: newPaint(w)} }

// show may be called from several goroutines.
func (l *progressLine) show(message string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.paint.on {
		fmt.Fprintf(l.w, "\r\x1b[K  %s %s", l.paint.dim("…"), l.paint.dim(message))
	}
}

func (l *progressLine) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.paint.on {
		fmt.Fprint(l.w, "\r\x1b[K")
	}
}
