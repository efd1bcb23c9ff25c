package manifest

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"github.com/tandem-dev/tandem/internal/fault"
)

// Options are what a manifest takes from its surroundings.
type Options struct {
	// LookupEnv finds a variable of the local machine; nil is os.LookupEnv. The
	// .env file in the manifest's folder is beneath it.
	LookupEnv func(name string) (value string, ok bool)
	// Environ lists those variables as NAME=value, for [Manifest.Variables] only;
	// nil is os.Environ.
	Environ func() []string
}

// maxFileSize bounds manifests and env files; both are written by hand.
const maxFileSize = 1 << 20

// Load reads and parses the manifest at path; see [Parse]. A file that cannot
// be read is fault.ManifestNotFound, without a manifest.
func Load(path string, o Options) (*Manifest, error) {
	content, err := readSmall(path)
	if err != nil {
		return nil, fault.New(fault.ManifestNotFound, "cannot read the manifest %s: %s", path, reason(err)).
			Hint("is it a readable file?").With("tried", []string{path})
	}
	return Parse(path, content, o)
}

// readSmall reads a regular file of bounded size. Anything else is refused: a
// pipe would block for ever and a device never end.
func readSmall(path string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, errors.New("it is a folder")
	case !info.Mode().IsRegular():
		return nil, errors.New("it is not a regular file")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, maxFileSize+1))
	if err == nil && len(content) > maxFileSize {
		err = fmt.Errorf("it is larger than %d MiB", maxFileSize>>20)
	}
	return content, err
}

// Parse understands the content of a manifest. path gives it a name and the
// folder of its relative paths; the file itself is not read, so content may be
// an editor's unsaved text. Files that the manifest names are read.
//
// The manifest is never nil: with an error it holds what was understood, and
// every finding in Diagnostics. The error is fault.ManifestInvalid, whose
// Detail["diagnostics"] is the same []Diagnostic.
func Parse(path string, content []byte, o Options) (*Manifest, error) {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	m := &Manifest{Path: path, Dir: projectDir(path)}
	src := newSource(strings.TrimPrefix(string(content), byteOrderMark))
	r := newReader(src, nil)
	if root := r.document(); root != nil {
		m.variables = r.machine(m.Dir, o)
		r.local = m.variables.lookup
		r.root(m, root)
	}
	m.Diagnostics = sortDiagnostics(r.found)
	return m, m.Err("")
}

// projectDir is where relative paths start: the manifest's folder, or the
// folder above where the manifest lies in .okteto.
func projectDir(path string) string {
	dir := filepath.Dir(path)
	if filepath.Base(dir) == ".okteto" {
		return filepath.Dir(dir)
	}
	return dir
}

// document gives the root mapping of the one document, nil if there is none;
// then it has reported why.
func (r *reader) document() *yaml.Node {
	if !r.decodable() {
		return nil
	}
	lines := &lineReader{src: r.src}
	dec := yaml.NewDecoder(lines)
	var doc yaml.Node
	if err := dec.Decode(&doc); err != nil && !errors.Is(err, io.EOF) {
		r.syntax(err, lines.next-1)
		return nil
	}
	for {
		var more yaml.Node
		err := dec.Decode(&more)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			r.syntax(err, lines.next-1)
			break
		}
		if len(more.Content) > 0 && !isNull(more.Content[0]) {
			at := r.src.position(r.src.start(more.Content[0])).Line
			r.report(Error, CodeManyDocuments, r.src.trimmedLine(at), "put each into a file of its own",
				"a manifest is one YAML document; another one starts here")
			break
		}
	}
	if len(doc.Content) == 0 || isNull(doc.Content[0]) {
		if len(r.found) == 0 {
			r.report(Error, CodeEmpty, Range{}, "start with `dev:` and a name beneath it", "the manifest is empty")
		}
		return nil
	}
	return doc.Content[0]
}

// decodable reports text that YAML cannot hold, for which the library knows no
// place.
func (r *reader) decodable() bool {
	text := r.src.text
	if len(text) > maxFileSize {
		r.report(Error, CodeTooComplex, Range{}, "", "the manifest is larger than %d MiB", maxFileSize>>20)
		return false
	}
	if strings.HasPrefix(text, "\xFE\xFF") || strings.HasPrefix(text, "\xFF\xFE") {
		r.report(Error, CodeSyntax, Range{}, "save it as UTF-8", "the manifest is UTF-16")
		return false
	}
	for i, c := range text {
		switch {
		case c == utf8.RuneError && !strings.HasPrefix(text[i:], "\uFFFD"):
			r.report(Error, CodeSyntax, r.src.span(i, i), "save the file as UTF-8", "byte 0x%02X is not UTF-8", text[i])
			return false
		case c < ' ' && c != '\t' && c != '\n' && c != '\r', c >= 0x7F && c < 0xA0 && c != 0x85, c == 0xFFFE, c == 0xFFFF:
			r.report(Error, CodeSyntax, r.src.span(i, i+utf8.RuneLen(c)), "remove it, or escape it in double quotes",
				"the control character %U is not allowed", c)
			return false
		}
	}
	return true
}

// lineReader hands the text to the YAML library one line at a time. The library
// reads no further than it must, so that what it has read when it fails ends a
// line or two behind the fault.
type lineReader struct {
	src  *source
	at   int
	next int // the YAML line that the next Read begins with
}

// Read gives the rest of one line, or as much of it as fits.
func (l *lineReader) Read(p []byte) (int, error) {
	if l.at >= len(l.src.text) {
		return 0, io.EOF
	}
	end := len(l.src.text)
	if l.next+1 < len(l.src.yamlLines) {
		end = l.src.yamlLines[l.next+1]
	}
	n := copy(p, l.src.text[l.at:end])
	if l.at += n; l.at == end {
		l.next++
	}
	return n, nil
}

// syntax reports an error of the YAML library, which had read the text up to a
// line. Its own line numbers are those of the surrounding block, or missing, so
// the place is searched: it is the first line whose presence makes the text fail
// in this very way. Each try decodes the text up to there, so the search begins
// where the library stopped.
func (r *reader) syntax(err error, read int) {
	lines := r.src.yamlLines
	fails := func(line int) bool {
		if line+1 >= len(lines) {
			return true // the whole text
		}
		e := decodeAll(r.src.text[:lines[line+1]])
		return e != nil && e.Error() == err.Error()
	}
	wrong := min(max(read, 0), len(lines)-1)
	if !fails(wrong) {
		wrong += 1 + sort.Search(len(lines)-wrong-2, func(i int) bool { return fails(wrong + 1 + i) })
	} else {
		for step := 1; wrong > 0 && fails(wrong-1); step *= 2 {
			above, below := wrong-1, max(wrong-1-step, 0)
			wrong = below
			if !fails(below) {
				wrong += 1 + sort.Search(above-below-1, func(i int) bool { return fails(below + 1 + i) })
				break
			}
		}
	}
	at := lines[wrong]
	end := len(r.src.text)
	if wrong+1 < len(lines) {
		end = lines[wrong+1]
	}
	text := strings.TrimRight(r.src.text[at:end], " \t\r\n\u0085\u2028\u2029")
	lead := len(text) - len(strings.TrimLeft(text, " \t"))
	message := strings.TrimPrefix(err.Error(), "yaml: ")
	if rest, ok := strings.CutPrefix(message, "line "); ok {
		if _, behind, ok := strings.Cut(rest, ": "); ok {
			message = behind
		}
	}
	hint := ""
	switch {
	case strings.Contains(message, "cannot start any token") && strings.Contains(text, "\t"):
		hint = "indent with spaces; YAML does not allow tabs"
	case strings.Contains(message, "did not find expected key"), strings.Contains(message, "mapping values are not allowed"):
		hint = "check the indentation, and quote text that holds \": \""
	case strings.Contains(message, "unknown anchor"):
		hint = "define it before its use with &name"
	case strings.Contains(message, "unexpected end of stream"):
		hint = "close the quote"
	}
	r.report(Error, CodeSyntax, r.src.span(at+lead, at+len(text)), hint, "not valid YAML: %s", message)
}

func decodeAll(text string) error {
	dec := yaml.NewDecoder(strings.NewReader(text))
	for {
		var n yaml.Node
		if err := dec.Decode(&n); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// envFaults reports what is wrong inside an env file at the place where the
// manifest stands for it.
func (r *reader) envFaults(name string, at Range, faults []envFault) {
	for _, f := range faults {
		severity := Error
		if f.warning {
			severity = Warning
		}
		r.report(severity, CodeEnvFile, at, f.hint, "%s:%d:%d: %s", name, f.line, f.column, f.message)
	}
}

// root reads the sections that concern development.
func (r *reader) root(m *Manifest, n *yaml.Node) {
	if n.Kind != yaml.MappingNode {
		r.errorAt(n, CodeType, "start with `dev:` and a name beneath it", "a manifest must be a mapping, not %s", kindName(n))
		return
	}
	known := map[string]bool{}
	for _, name := range fieldNames(sections) {
		known[name] = true
	}
	var devs, forwards *yaml.Node
	m.values = map[string]Range{}
	for _, e := range r.entries(n, "the manifest") {
		at := r.src.rangeOf(e.key)
		section := Section{Name: e.name, Range: at, NameRange: at}
		if !isNull(e.value) {
			if end := r.src.rangeOf(e.value).End; end.Compare(at.End) > 0 {
				section.Range.End = end
			}
		}
		m.Sections = append(m.Sections, section)
		_, _, ofDev := AppliesInHybrid(e.name)
		switch {
		case e.name == "name":
			m.Name = r.str(e.value, "name")
		case e.name == "context":
			m.Context = r.str(e.value, "context")
			m.values["context"] = r.valueRange(e)
		case e.name == "namespace":
			m.Namespace = r.str(e.value, "namespace")
			m.values["namespace"] = r.valueRange(e)
		case e.name == "dev":
			devs = e.value
		case e.name == "forward":
			forwards = e.value
		case known[e.name], strings.HasPrefix(e.name, "x-"):
			// Another tool's section, or a place to keep anchors.
		case ofDev:
			r.errorAt(e.key, CodeMisplacedField, "move it under dev, beneath the name of a dev",
				"%q is a field of a dev, not of the manifest", e.name)
		default:
			r.unknown(e.key, "the manifest", fieldNames(sections), nil)
		}
	}
	m.Forward = r.rootForwards(forwards)
	names := map[string]*Dev{}
	for _, e := range r.entries(devs, "dev") {
		d := r.devEntry(m, e)
		if first := names[d.Name]; first != nil {
			r.errorAt(e.key, CodeDevName, "rename one of the two", "dev %q has the same name as the one in line %d", d.Key, first.NameRange.Start.Line+1)
			continue
		}
		names[d.Name] = d
		m.Devs = append(m.Devs, d)
	}
}
