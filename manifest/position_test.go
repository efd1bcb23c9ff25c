package manifest

import (
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
	"pgregory.net/rapid"
)

func TestPosition(t *testing.T) {
	// The scanner counts LS as the end of a line, editors do not.
	src := newSource("a\r\nb😀c\u2028d\re")
	for _, c := range []struct{ line, column, wantLine, wantColumn int }{
		{1, 1, 0, 0}, {2, 1, 1, 0}, {2, 2, 1, 1}, {2, 3, 1, 3}, {3, 1, 1, 5}, {4, 1, 2, 0}, {9, 1, 2, 1}, {0, 0, 0, 0},
	} {
		if got := src.position(src.offset(c.line, c.column)); got != (Position{c.wantLine, c.wantColumn}) {
			t.Errorf("%d:%d is %v, want %d,%d", c.line, c.column, got, c.wantLine, c.wantColumn)
		}
	}
	if r := (Range{Position{1, 2}, Position{1, 5}}); !r.Contains(Position{1, 5}) || r.Contains(Position{1, 6}) || r.Contains(Position{0, 3}) {
		t.Error("Contains is wrong at the ends")
	}
}

// TestRangesHoldTheirScalars writes random texts as YAML in random styles; the
// range of each, cut out and read alone, must be the text again.
func TestRangesHoldTheirScalars(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		texts := rapid.SliceOfN(rapid.StringMatching(`[ -~é😀\n]{0,12}`), 1, 6).Draw(t, "texts")
		list := &yaml.Node{Kind: yaml.SequenceNode}
		if rapid.Bool().Draw(t, "flow") {
			list.Style = yaml.FlowStyle
		}
		for _, text := range texts {
			style := rapid.SampledFrom([]yaml.Style{0, yaml.SingleQuotedStyle, yaml.DoubleQuotedStyle}).Draw(t, "style")
			list.Content = append(list.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Style: style, Value: text})
		}
		raw, err := yaml.Marshal(map[string]any{"é": list})
		if err != nil {
			t.Skip(err)
		}
		var doc yaml.Node
		if err := yaml.Unmarshal(raw, &doc); err != nil {
			t.Skip(err) // the library cannot read all it writes
		}
		src := newSource(string(raw))
		seq := doc.Content[0].Content[1]
		for i, n := range seq.Content {
			content, end := src.scalar(n)
			start := src.start(n)
			if start > content || content > end || end > len(raw) {
				t.Fatalf("offsets %d %d %d of %q in\n%s", start, content, end, n.Value, raw)
			}
			cut := string(raw[start:end])
			if n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 || strings.Contains(n.Value, "\n") && n.Style == 0 {
				continue // these need their indentation
			}
			var got string
			if err := yaml.Unmarshal([]byte(cut), &got); err != nil || got != texts[i] {
				t.Fatalf("%q at %d is cut as %q (%v) from\n%s", texts[i], i, cut, err, raw)
			}
		}
	})
}

func TestFlowEnd(t *testing.T) {
	for text, want := range map[string]string{
		"a: {b: c}":          "{b: c}",
		"a: {b: [c, d] } ":   "{b: [c, d] }",
		"a: [b, # x ]\n ]\n": "[b, # x ]\n ]",
		"a: {}":              "{}",
		"a: {b: }":           "{b: }",
		"a: {b}":             "{b}",
		"a: &x {b: c}":       "{b: c}",
		"a: !!map {b: c}":    "{b: c}",
		"a: &x !!str b":      "b",
		"a:\n  - b\n  - c\n": "- b\n  - c",
		"a: &x\n  b: c\n":    "b: c",
	} {
		var doc yaml.Node
		if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
			t.Fatal(err)
		}
		src := newSource(text)
		n := doc.Content[0].Content[1]
		if got := text[src.start(n):src.end(n, 0)]; got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestSuggest(t *testing.T) {
	known := []string{"command", "environment", "envFiles", "forward", "mode"}
	for name, want := range map[string]string{
		"comand": "command", "commnad": "command", "enviroment": "environment", "env-files": "envFiles", "ENVFILES": "envFiles",
		"Mode": "mode", "foward": "forward", "xyz": "", "": "", "moo": "", strings.Repeat("a", 1000): "",
	} {
		if got := suggest(name, known); got != want {
			t.Errorf("suggest(%.20q) = %q, want %q", name, got, want)
		}
	}
}
