package envfile

import (
	"strings"
	"testing"
)

var knownVars = map[string]string{"A": "x", "B": "$(A)", "a.b": "dot", "with space": "sp", "p(q": "pq", "EMPTY": "", "$D": "dollar"}

func lookupKnown(name string) (string, bool) { v, ok := knownVars[name]; return v, ok }

func TestExpand(t *testing.T) {
	for in, want := range map[string]string{
		"":                  "",
		"plain":             "plain",
		"$(A)":              "x",
		"<$(A)$(A)>":        "<xx>",
		"$$(A)":             "$(A)",
		"$$$(A)":            "$x",
		"$$$$(A)":           "$$(A)",
		"$$":                "$",
		"$":                 "$",
		"a$":                "a$",
		"$x $A":             "$x $A",
		"${A}":              "${A}",
		"$(NOPE)":           "$(NOPE)",
		"$()":               "$()",
		"$(A":               "$(A",
		"$(A $$ $(":         "$(A $ $(",
		"$(B)":              "$(A)", // what is put in is not expanded again
		"$(EMPTY)":          "",
		"$(a.b)":            "dot",
		"$(with space)":     "sp",
		"$(p(q)":            "pq",
		"$($D)":             "dollar",
		"$(A))":             "x)",
		"é$é$(A)é":          "é$éxé",
		"$\xff":             "$\ufffd", // as the kubelet mends it
		"\xff$(A)":          "\xffx",
		"line\n$(A)\n$$(A)": "line\nx\n$(A)",
	} {
		if got, ok := expand(in, lookupKnown); !ok || got != want {
			t.Errorf("expand(%q) = %q, %v; want %q", in, got, ok, want)
		}
	}
}

func FuzzExpand(f *testing.F) {
	for _, seed := range []string{"$(A)$$(B)$(", "$$$", "$(NOPE)$(A", "$\xff(", "$(p(q)"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, ok := expand(text, lookupKnown)
		if !ok {
			if len(text) < maxExpansion/8 {
				t.Fatalf("refused %d bytes", len(text))
			}
			return
		}
		if !strings.Contains(text, "$") && got != text {
			t.Errorf("expand(%q) = %q without a dollar", text, got)
		}
		// Escaped in full, any text comes back as it was.
		back, ok := expand(strings.ReplaceAll(text, "$", "$$"), lookupKnown)
		if ok && back != text {
			t.Errorf("the escaped form of %q gives %q", text, back)
		}
		if again := referencedNames(strings.ReplaceAll(text, "$", "$$")); len(again) != 0 {
			t.Errorf("the escaped form of %q refers to %q", text, again)
		}
	})
}
