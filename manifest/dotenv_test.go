package manifest

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// readEnv parses an env file against variables A=a and what stands above.
func readEnv(text string) (vars []envLine, faults []envFault) {
	seen := map[string]string{"A": "a"}
	faults = parseEnvFile(text, func(v envLine) {
		vars = append(vars, v)
		seen[v.name] = v.value
	}, func(t template) (string, []finding) {
		return t.expand(func(name string) (string, bool) { v, ok := seen[name]; return v, ok })
	})
	return vars, faults
}

func TestEnvFile(t *testing.T) {
	for _, c := range []struct{ text, want, faults string }{
		{"", "", ""},
		{"\n# comment\n  # another\n", "", ""},
		{"K=v", "K=v", ""},
		{"K=v\r\nL=w\r\n", "K=v|L=w", ""},
		{"\uFEFFK=v", "K=v", ""},
		{"export K=v\nexport=1\nexported=2", "K=v|export=1|exported=2", ""},
		{"  K = v  ", "K=v", ""},
		{"K=", "K=", ""},
		{"K=  # comment", "K=", ""},
		{"K=a b # c", "K=a b", ""},
		{"K=a#b", "K=a#b", ""},
		{"K", "<K>", ""},
		{"K # comment\nL", "<K>|<L>", ""},
		{"k.8-s_9=v", "k.8-s_9=v", ""},
		{"K=$A", "K=a", ""},
		{"K=1\nL=${K}2", "K=1|L=12", ""},
		{`K=\$A$$`, "K=$A$", ""},
		{`K=C:\new\temp`, `K=C:\new\temp`, ""},
		{"K='$A ${B # c'", "K=$A ${B # c", ""},
		{`K='a\nb\'`, `K=a\nb\`, ""},
		{"K='x' # c", "K=x", ""},
		{`K="$A\n\t\r\"\\\$A\x"`, "K=a\n\t\r\"\\$A\\x", ""},
		{"K=\"one\r\ntwo\"\nL=1", "K=one\ntwo|L=1", ""},
		{"K='one\n two'", "K=one\n two", ""},
		{`K={"a": "b"}`, `K={"a": "b"}`, ""},
		{"K=it's", "K=it's", ""},
		{"K==", "K==", ""},
		{"=v", "", "1:1!"},
		{"1K=v", "", "1:1!"},
		{"\n  ?", "", "2:3!"},
		{"K L=v\nM=1", "M=1", "1:3!"},
		{"K: v", "", "1:2!"},
		{"K='x' y\nM=1", "M=1", "1:7!"},
		{"A=1\nK=\"x\ny\nM=1", "A=1", "2:3!"},
		{"K=${", "", "1:3!"},
		{"K=\"a\n${B\"\nM=1", "M=1", "2:5!"},
		{"K=$U", "K=", "1:3?"},
	} {
		vars, faults := readEnv(c.text)
		var got, bad []string
		for _, v := range vars {
			if v.bare {
				got = append(got, "<"+v.name+">")
			} else {
				got = append(got, v.name+"="+v.value)
			}
		}
		for _, f := range faults {
			mark := "!"
			if f.warning {
				mark = "?"
			}
			bad = append(bad, fmt.Sprintf("%d:%d%s", f.line, f.column, mark))
		}
		if strings.Join(got, "|") != c.want || strings.Join(bad, ",") != c.faults {
			t.Errorf("%q = %q, %q; want %q, %q (%v)", c.text, got, bad, c.want, c.faults, faults)
		}
	}
}

// TestEnvFileQuoting: any value comes through both kinds of quotes.
func TestEnvFileQuoting(t *testing.T) {
	escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "$", `\$`, "\r", `\r`, "\n", `\n`)
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.String().Draw(t, "value")
		quoted := `K="` + escape.Replace(value) + `"`
		if vars, faults := readEnv(quoted); len(faults) > 0 || len(vars) != 1 || vars[0].value != value {
			t.Fatalf("%q = %+v, %v", quoted, vars, faults)
		}
		single := strings.NewReplacer("'", "", "\r", "").Replace(value)
		if vars, faults := readEnv("K='" + single + "'"); len(faults) > 0 || len(vars) != 1 || vars[0].value != single {
			t.Fatalf("%q = %+v, %v", single, vars, faults)
		}
	})
}
