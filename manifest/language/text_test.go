package language

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/manifest"
)

var encodings = []Encoding{UTF8, UTF16, UTF32}

func TestLines(t *testing.T) {
	text := NewText("a\r\nb\rc\n\nd")
	want := []string{"a", "b", "c", "", "d", ""}
	if text.Lines() != 5 {
		t.Errorf("%d lines, want 5", text.Lines())
	}
	for i, line := range want {
		if got := text.Line(i); got != line {
			t.Errorf("line %d is %q, want %q", i, got, line)
		}
	}
}

// The place behind "a😀é" in each encoding, and those that LSP wants corrected.
func TestOffset(t *testing.T) {
	text := NewText("x\na😀é:\n")
	for _, test := range []struct {
		e            Encoding
		line, column int
		offset       int
	}{
		{UTF8, 1, 7, 9}, {UTF16, 1, 4, 9}, {UTF32, 1, 3, 9},
		{UTF16, 1, 2, 3}, {UTF8, 1, 3, 3}, // inside the emoji: its start
		{UTF16, 1, 99, 10}, {UTF16, 0, 5, 1}, // behind the line's end: the end
		{UTF16, 99, 0, 11}, {UTF16, -1, 3, 0}, {UTF16, 1, -1, 2},
	} {
		if got := text.Offset(manifest.Position{Line: test.line, Column: test.column}, test.e); got != test.offset {
			t.Errorf("%s %d,%d is at %d, want %d", test.e, test.line, test.column, got, test.offset)
		}
	}
}

func TestApplyRefusesARangeThatRunsBackwards(t *testing.T) {
	r := manifest.Range{Start: manifest.Position{Column: 2}, End: manifest.Position{Column: 1}}
	if _, err := NewText("abc").Apply(r, UTF16, ""); !errors.Is(err, fault.InvalidParams) {
		t.Errorf("error %v", err)
	}
}

// drawText has characters of every width and every line break.
func drawText(t *rapid.T, label string) string {
	return rapid.StringOfN(rapid.SampledFrom([]rune("ab :-{é☃😀𝒳\n\r\uFEFF\u2028")), 0, 40, -1).Draw(t, label)
}

// TestPositionsThereAndBack: every character's place leads back to it in every
// encoding, columns count what the encoding says, and encodings convert.
func TestPositionsThereAndBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		content := drawText(t, "text")
		text := NewText(content)
		e := rapid.SampledFrom(encodings).Draw(t, "encoding")
		other := rapid.SampledFrom(encodings).Draw(t, "other")
		for offset := 0; offset <= len(content); offset++ {
			if offset < len(content) && !utf8.RuneStart(content[offset]) {
				continue
			}
			p := text.Position(offset, e)
			before := content[text.lines[p.Line]:offset]
			want := map[Encoding]int{UTF8: len(before), UTF16: len(utf16.Encode([]rune(before))), UTF32: utf8.RuneCountInString(before)}[e]
			if p.Column != want {
				t.Fatalf("offset %d of %q: column %d in %s, want %d", offset, content, p.Column, e, want)
			}
			if strings.ContainsAny(before, "\r\n") {
				continue // between the two of a pair: no place of its own
			}
			if got := text.Offset(p, e); got != offset {
				t.Fatalf("offset %d of %q is %v in %s, which is offset %d", offset, content, p, e, got)
			}
			if got := text.Convert(text.Convert(p, e, other), other, e); got != p {
				t.Fatalf("%v of %q in %s is %v by way of %s", p, content, e, got, other)
			}
		}
	})
}

// TestEditsEqualTheWhole: a chain of edits gives what replacing the text at
// their offsets gives.
func TestEditsEqualTheWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := rapid.SampledFrom(encodings).Draw(t, "encoding")
		text := NewText(drawText(t, "text"))
		for range rapid.IntRange(1, 5).Draw(t, "edits") {
			content := text.String()
			from := rapid.IntRange(0, len(content)).Draw(t, "from")
			to := rapid.IntRange(from, len(content)).Draw(t, "to")
			r := manifest.Range{Start: text.Position(from, e), End: text.Position(to, e)}
			with := drawText(t, "with")
			want := content[:text.Offset(r.Start, e)] + with + content[text.Offset(r.End, e):]
			next, err := text.Apply(r, e, with)
			if err != nil {
				t.Fatal(err)
			}
			if next.String() != want {
				t.Fatalf("%q with %v → %q is %q, want %q", content, r, with, next.String(), want)
			}
			fresh := NewText(want)
			for n := range fresh.Lines() + 1 {
				if next.Line(n) != fresh.Line(n) {
					t.Fatalf("line %d is %q, want %q", n, next.Line(n), fresh.Line(n))
				}
			}
			text = next
		}
	})
}

// FuzzEdits: edits of any numbers end, leave valid UTF-8 valid, and keep what is
// before and behind them.
func FuzzEdits(f *testing.F) {
	f.Add("dev:\n  api:\n    mode: hybrid\n", 1, 2, 1, 5, "web", 1)
	f.Add("a😀\r\nb", 0, 2, 1, 0, "\r", 0)
	f.Add("", -1, 7, 9, -9, "x", 2)
	f.Fuzz(func(t *testing.T, content string, line, column, endLine, endColumn int, with string, encoding int) {
		if !utf8.ValidString(content) || !utf8.ValidString(with) {
			t.Skip("JSON has no such text")
		}
		e := encodings[uint(encoding)%3]
		text := NewText(content)
		r := manifest.Range{Start: manifest.Position{Line: line, Column: column}, End: manifest.Position{Line: endLine, Column: endColumn}}
		next, err := text.Apply(r, e, with)
		if err != nil {
			return
		}
		got := next.String()
		from, to := text.Offset(r.Start, e), text.Offset(r.End, e)
		if got != content[:from]+with+content[to:] || !utf8.ValidString(got) {
			t.Fatalf("%q with %v → %q is %q", content, r, with, got)
		}
		if rebuilt := NewText(got); rebuilt.Lines() != next.Lines() {
			t.Fatalf("%d lines, want %d", next.Lines(), rebuilt.Lines())
		}
	})
}
