package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/tandem-dev/tandem/envfile"
)

// explanation prints the history of a variable for a person.
type explanation struct {
	w     io.Writer
	paint paint
}

func (x explanation) print(e *envfile.Explanation) {
	p := x.paint
	head := p.bold(plain(e.Name))
	switch e.Status {
	case envfile.StatusSet:
		x.line("%s = %s", head, x.value(e.Value))
	case envfile.StatusUnresolved:
		x.line("%s has %s", head, p.warn("no value yet"))
	case envfile.StatusAbsent:
		x.line("%s is %s", head, p.warn("not set"))
	default:
		x.line("%s is %s, and nothing has to do with it", head, p.warn("not set"))
	}
	for _, r := range e.Reasons {
		if !toldBy(e.Chain, r) {
			x.line("  %s", r)
		}
	}
	if len(e.Similar) > 0 {
		x.line("  did you mean %s?", strings.Join(quoted(e.Similar), " or "))
	}
	if len(e.Chain) > 0 {
		x.line("")
		for i, s := range e.Chain {
			x.step(s, i == len(e.Chain)-1)
		}
	}
	var facts [][2]string
	fact := func(name, format string, args ...any) {
		facts = append(facts, [2]string{name, fmt.Sprintf(format, args...)})
	}
	if o := e.Observed; o != nil {
		fact("in the cluster", "%s", o.Reason)
		if o.Comparison == envfile.Different {
			fact("", "%s", x.value(o.Value))
		}
	}
	if h := e.Rewrite; h != nil {
		verb, setting := "could be rewritten to", " (the setting rewriteHosts: on does it)"
		if h.Applied {
			verb, setting = "rewritten to", ""
		}
		for _, f := range h.Forwards {
			fact("host", "%s the forward %s%s", verb, f, setting)
		}
		if h.Before != nil {
			fact("", "before %s", x.value(h.Before))
			fact("", "after  %s", x.value(h.After))
		}
	}
	if d := e.Local; d != nil {
		fact("on this machine", "%s", local(d))
	}
	for _, n := range e.Notes {
		fact("note", "%s", n)
	}
	for _, w := range e.Warnings {
		switch w.Code {
		case envfile.WarnUnresolved, envfile.WarnPrecedence, envfile.WarnRewrite:
			continue // told above, in its place
		}
		fact("warning", "%s", w.Message)
	}
	if len(facts) > 0 {
		x.line("")
	}
	for _, f := range facts {
		x.line("%s  %s", p.dim(fmt.Sprintf("%-15s", f[0])), f[1])
	}
	if e.Secret && e.Value == nil && e.Status == envfile.StatusSet {
		x.line("\n%s", p.dim("It comes from a Secret; --reveal shows the value."))
	}
}

// toldBy says whether a step of the chain gives the reason already.
func toldBy(chain []envfile.Step, reason string) bool {
	return slices.ContainsFunc(chain, func(s envfile.Step) bool {
		why, _, _ := strings.Cut(s.Reason, ";")
		return why != "" && strings.Contains(reason, why)
	})
}

// step prints one source; a line leads on to the next weaker one.
func (x explanation) step(s envfile.Step, last bool) {
	p := x.paint
	mark, said := p.good("●"), ""
	switch s.Outcome {
	case envfile.Shadowed:
		mark, said = p.dim("○"), p.dim("  shadowed")
	case envfile.SetsNothing:
		mark, said = p.warn("–"), p.warn("  sets nothing")
	}
	x.line("%s %s%s", mark, origin(s.Origin), said)
	rail := p.dim("│") + "   "
	if last {
		rail = "    "
	}
	if s.Reason != "" {
		x.line("%s%s", rail, s.Reason)
	}
	if s.Text != "" {
		x.line("%s%s", rail, plain(s.Text))
	}
	x.references(rail+"  ", s.References)
	if s.Outcome != envfile.SetsNothing && (s.Value != nil || s.Secret) {
		x.line("%s= %s", rail, x.value(s.Value))
	}
}

func (x explanation) references(rail string, list []envfile.Reference) {
	for _, r := range list {
		text := plain(r.Text)
		switch r.Outcome {
		case envfile.Replaced:
			x.line("%s%s → %s  %s", rail, text, x.value(r.Value), x.paint.dim(origin(*r.Origin)))
		case envfile.StaysText:
			x.line("%s%s stays as text: %s", rail, text, r.Reason)
		case envfile.Waiting:
			x.line("%s%s has no value yet: %s", rail, text, r.Reason)
		case envfile.Escaped:
			x.line("%s%s is one dollar", rail, text)
		case envfile.Unterminated:
			x.line("%s%s is not closed and stays as text", rail, text)
		}
		x.references(rail+"  ", r.References)
	}
}

func (x explanation) line(format string, args ...any) {
	fmt.Fprintln(x.w, strings.TrimRight(fmt.Sprintf(format, args...), " "))
}

// value is a value, or a word in its place.
func (x explanation) value(v *string) string {
	if v == nil {
		return x.paint.dim("(hidden)")
	}
	return plain(*v)
}

// origin says in words where a value comes from.
func origin(o envfile.Origin) string {
	text := ""
	switch o.Tier {
	case envfile.Dev:
		if o.Object == commandLine {
			return o.Object
		}
		return "manifest: " + plain(o.Object)
	case envfile.Spec:
		text = "env list"
	case envfile.ConfigMap, envfile.Secret:
		text = "envFrom"
	case envfile.Service:
		text = "service link"
	case envfile.Image:
		return "image " + plain(o.Object)
	case envfile.Injected:
		text = "container runtime or webhook"
	}
	switch o.Kind {
	case "":
		return text
	case envfile.KindField:
		return fmt.Sprintf("%s: field %s of the pod", text, o.Field)
	case envfile.KindResource:
		return fmt.Sprintf("%s: %s of container %q", text, o.Field, o.Object)
	case envfile.KindFile:
		return fmt.Sprintf("%s: key %q of file %q in volume %q", text, o.Key, o.Field, o.Object)
	case envfile.KindService:
		if o.Object == "" {
			return text
		}
		return fmt.Sprintf("%s of Service %q", text, o.Object)
	}
	text = fmt.Sprintf("%s: key %q of %s %q", text, o.Key, o.Kind, o.Object)
	if o.ResourceVersion != "" {
		text += ", version " + o.ResourceVersion
	}
	return text
}

// local says in words what becomes of a variable in a process here.
func local(d *envfile.Decision) string {
	text := map[envfile.Action]string{
		envfile.Applied: "applied", envfile.KeptLocal: "your own stays", envfile.LeftOut: "left out",
	}[d.Action]
	if d.As != "" {
		text += " as " + plain(d.As)
	}
	text += ": " + d.Reason
	if d.Replaces {
		text += "; it hides a value of your own"
	}
	return text
}

// plain is text as it is where a terminal can show it and a person can see where
// it ends; else in quotes, with escapes.
func plain(s string) string {
	odd := strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) || r == unicode.ReplacementChar })
	if s == "" || odd || strings.TrimSpace(s) != s {
		return strconv.Quote(s)
	}
	return s
}

func quoted(names []string) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = plain(n)
	}
	return out
}
