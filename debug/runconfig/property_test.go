package runconfig

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tandem-dev/tandem/debug"
	"github.com/tandem-dev/tandem/debug/runconfig/jsonc"
)

// scribbler writes random JSON with comments, in the shape of a launch.json.
type scribbler struct {
	t      *rapid.T
	eol    string
	tokens int // values "u0", "u1", … that a later edit finds again
}

func (s *scribbler) pick(what string, all ...string) string {
	return rapid.SampledFrom(all).Draw(s.t, what)
}

// space is white space with a comment now and then; one to the end of the line
// has its line's end.
func (s *scribbler) space() string {
	return s.pick("space", "", "", " ", "\t", s.eol, s.eol+"  ", s.eol+"\t\t", s.eol+s.eol+"    ",
		" /* c */ ", "// c"+s.eol, s.eol+"  // \"]}\", /*"+s.eol+"  ", "/**/", " /* a"+s.eol+" b */")
}

func (s *scribbler) value(depth int) string {
	switch kind := s.pick("value", "scalar", "scalar", "token", "array", "object"); {
	case kind == "token":
		s.tokens++
		return fmt.Sprintf(`"u%d"`, s.tokens-1)
	case kind == "array" && depth > 0:
		return s.list(depth-1, rapid.IntRange(0, 3).Draw(s.t, "elements"), func(int) string { return s.value(depth - 1) }, "[", "]")
	case kind == "object" && depth > 0:
		return s.list(depth-1, rapid.IntRange(0, 3).Draw(s.t, "members"), func(int) string {
			return s.pick("key", `"a"`, `"b"`, `"name"`, `"ü"`, `"configurations"`) + s.space() + ":" + s.space() + s.value(depth-1)
		}, "{", "}")
	}
	return s.pick("scalar", "1", "-2.5e3", "true", "null", `""`, `"// no"`, `"a\"b\\"`, `"日本"`)
}

// list writes the items of a container, with or without a trailing comma.
func (s *scribbler) list(_, n int, item func(i int) string, open, end string) string {
	out := open + s.space()
	for i := range n {
		out += item(i) + s.space()
		if i < n-1 || rapid.Bool().Draw(s.t, "trailing comma") {
			out += "," + s.space()
		}
	}
	return out + end
}

// launch is a whole file; its configurations, where it has some, are a list.
func (s *scribbler) launch() string {
	members := []string{`"version"` + s.space() + ":" + s.space() + `"0.2.0"`}
	lists := map[string]bool{}
	for range rapid.IntRange(0, 3).Draw(s.t, "more") {
		switch key := s.pick("member", "configurations", "compounds", "inputs", "other"); {
		case lists[key]:
		case key == "other":
			members = append(members, `"other"`+s.space()+":"+s.space()+s.value(2))
			lists[key] = true
		default:
			lists[key] = true
			members = append(members, `"`+key+`"`+s.space()+":"+s.space()+
				s.list(2, rapid.IntRange(0, 3).Draw(s.t, "entries"), func(int) string { return s.value(2) }, "[", "]"))
		}
	}
	return s.pick("mark", "", "\ufeff") + s.space() + s.list(3, len(members), func(i int) string { return members[i] }, "{", "}") + s.space()
}

// Random files: what is written parses, for Microsoft's parser, to what it should
// with every comment kept, and removing gives the bytes back.
func TestRandomFiles(t *testing.T) {
	p := newProject(t)
	services := []Service{p.service("api", debug.Go), p.service("web", debug.Node)}
	alone := newProject(t)
	alone.apply(Write(alone.dir, VSCode, []Service{alone.service("api", debug.Go), alone.service("web", debug.Node)}))
	ours := alone.read(launch)
	var cases []judgement
	rapid.Check(t, func(rt *rapid.T) {
		s := &scribbler{t: rt, eol: rapid.SampledFrom([]string{"\n", "\r\n"}).Draw(rt, "line end")}
		text := s.launch()
		p.write(launch, text)
		p.apply(Write(p.dir, VSCode, services))
		edited := p.read(launch)
		if again, err := Write(p.dir, VSCode, services); err != nil || !again.Empty() {
			rt.Fatalf("a second write changes %v (%v)", again, err)
		}
		p.apply(Remove(p.dir, VSCode))
		if got := p.read(launch); got != text {
			rt.Fatalf("what was\n%q\ncame back as\n%q\nfrom\n%q", text, got, edited)
		}
		cases = append(cases, judgement{Original: text, Edited: edited, Ours: ours, name: fmt.Sprintf("%q", text)})
	})
	judge(t, cases)
}

// Writing, removing and the user's own edits in any order: at the end, when all
// of ours is removed, the file is what the user alone has made of it.
func TestRandomSequences(t *testing.T) {
	p := newProject(t)
	rapid.Check(t, func(rt *rapid.T) {
		s := &scribbler{t: rt, eol: rapid.SampledFrom([]string{"\n", "\r\n"}).Draw(rt, "line end")}
		own := s.launch() // what the file would be without us
		p.write(launch, own)
		written := map[string]bool{}
		labels := []string{"api", "web", "jobs"}
		languages := map[string]debug.Language{"api": debug.Go, "web": debug.Node, "jobs": debug.Python}
		for range rapid.IntRange(1, 8).Draw(rt, "steps") {
			name := rapid.SampledFrom(labels).Draw(rt, "service")
			switch rapid.SampledFrom([]string{"write", "write", "remove", "edit", "edit ours"}).Draw(rt, "step") {
			case "write":
				service := p.service(name, languages[name])
				service.Target.Args = rapid.SampledFrom([][]string{nil, {"-v"}, {"-v", "two words"}}).Draw(rt, "arguments")
				service.NoTask = rapid.Bool().Draw(rt, "no task")
				p.apply(Write(p.dir, VSCode, []Service{service}))
				written[name] = true
				if again, err := Write(p.dir, VSCode, []Service{service}); err != nil || !again.Empty() {
					rt.Fatalf("a second write changes %v (%v)", again, err)
				}
			case "remove":
				p.apply(Remove(p.dir, VSCode, name))
				delete(written, name)
			case "edit":
				if s.tokens == 0 {
					continue
				}
				token := fmt.Sprintf(`"u%d"`, rapid.IntRange(0, s.tokens-1).Draw(rt, "token"))
				becomes := rapid.SampledFrom([]string{`[` + token + `, 1,]`, token + " /* mine */", "// mine" + s.eol + token}).Draw(rt, "edit")
				if text := p.read(launch); strings.Count(own, token) == 1 && strings.Count(text, token) == 1 {
					own = strings.Replace(own, token, becomes, 1)
					p.write(launch, strings.Replace(text, token, becomes, 1))
				}
			case "edit ours":
				// A member of the user's in an entry of ours, at its beginning.
				mark := fmt.Sprintf(`"name": "Tandem: %s"`, name)
				if text := p.read(launch); strings.Count(text, mark) == 1 {
					p.write(launch, strings.Replace(text, mark, mark+`, /* mine */ "trace": true`, 1))
				}
			}
			doc, err := jsonc.Parse([]byte(p.read(launch)))
			if err != nil {
				rt.Fatalf("%v in %q", err, p.read(launch))
			}
			d := &document{def: launchFile, doc: doc}
			for _, l := range labels {
				if there := d.named(jsonc.Path{"configurations"}, prefix+l) != nil; there != written[l] {
					rt.Fatalf("%s is there: %v, in %q", l, there, p.read(launch))
				}
			}
			if all := d.named(jsonc.Path{"compounds"}, launchAll) != nil; all != (len(written) > 1) {
				rt.Fatalf("the compound of %v is there: %v, in %q", written, all, p.read(launch))
			}
		}
		p.apply(Remove(p.dir, VSCode))
		if got := p.read(launch); got != own {
			rt.Fatalf("the user's own\n%q\ncame back as\n%q", own, got)
		}
		if files := p.files(); len(files) != 2 {
			rt.Fatalf("left behind: %v", files)
		}
	})
}
