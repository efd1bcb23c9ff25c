package rpc

import (
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tandem-dev/tandem/internal/fault"
	"github.com/tandem-dev/tandem/manifest"
	"github.com/tandem-dev/tandem/manifest/language"
	"github.com/tandem-dev/tandem/rpc/protocol"
)

// The pause between two publications of one document is as long as the last one
// took, within these bounds. The first edit after a pause is answered at once;
// what is edited meanwhile is answered together, and a document takes half of a
// core at most, however fast it is edited.
const (
	publishGapLeast = 5 * time.Millisecond
	publishGapMost  = 50 * time.Millisecond
)

// documents are what the editor has open, by URI as the editor spells it. Edits
// are applied on the reading goroutine, in the order of the wire; reading the
// text as a manifest happens where somebody wants to know, once for each version.
type documents struct {
	s *Server

	// encoding is how the client counts, and push says that diagnostics are
	// published to it instead of asked for; both are settled in initialize.
	encoding language.Encoding
	push     bool

	mu   sync.Mutex
	open map[string]*document
	// leaving are the closed documents whose last word is still to come.
	leaving map[string]*document
}

func newDocuments(s *Server) *documents {
	return &documents{s: s, open: map[string]*document{}, leaving: map[string]*document{}, encoding: language.UTF16}
}

// document is one of them. Its goroutine ([document.publish]) alone publishes
// its diagnostics; it ends when the document is closed or the server ends.
type document struct {
	uri, path string
	// manifest says that it is an okteto.yml; other documents are kept and
	// nothing is said of them.
	manifest bool

	mu      sync.Mutex
	reading *reading

	wake   chan struct{} // of capacity one: there is something new to say
	closed chan struct{} // closed by didClose
	gone   chan struct{} // closed when publish has returned
}

// reading is one version of a document, read when it is first needed.
type reading struct {
	text    *language.Text
	version int

	path string
	once sync.Once
	doc  atomic.Pointer[language.Document] // nil until somebody wanted to know
	// before is the last version that was YAML: what has no place in a broken
	// text keeps its place from there.
	before *language.Document
}

// document reads the text.
func (r *reading) document() *language.Document {
	r.once.Do(func() { r.doc.Store(language.Read(r.path, r.text, manifest.Options{})) })
	return r.doc.Load()
}

// whole is the document, or while it is broken the last one that was not.
func (r *reading) whole() *language.Document {
	d := r.document()
	if d.Broken() && r.before != nil {
		return r.before
	}
	return d
}

// manifestName are the names under which Okteto finds a manifest, and those that
// people give to a second one. An editor may send every YAML file that there is.
var manifestName = regexp.MustCompile(`^(okteto|okteto[-_.][\w.-]+|[\w.-]+[-_.]okteto)\.ya?ml$`)

// languageID is what an editor may call the language, where it has a name for it.
const languageID = "okteto"

// isManifest says whether a document is one of ours.
func isManifest(path, id string) bool {
	return path != "" && (id == languageID || manifestName.MatchString(filepath.Base(path)))
}

// start takes a document that was opened.
func (ds *documents) start(item protocol.TextDocumentItem) {
	path, err := pathOf(item.URI)
	if err != nil {
		path = "" // untitled, or on another machine
	}
	d := &document{uri: item.URI, path: path, manifest: isManifest(path, item.LanguageID),
		wake: make(chan struct{}, 1), closed: make(chan struct{}), gone: make(chan struct{})}
	d.reading = &reading{text: language.NewText(item.Text), version: item.Version, path: path}
	ds.mu.Lock()
	defer ds.mu.Unlock()
	if old := ds.open[item.URI]; old != nil {
		close(old.closed) // opened twice: the later text counts
		ds.leaving[item.URI] = old
	}
	before := ds.leaving[item.URI]
	ds.open[item.URI] = d
	if !d.manifest || ds.s.isEnding() {
		close(d.gone)
		return
	}
	d.nudge()
	ds.s.background.Go(func() {
		defer close(d.gone)
		if before != nil {
			<-before.gone // its diagnostics go before ours come
		}
		ds.publish(d)
	})
}

// change applies edits. An edit that does not fit leaves the text as it is: it
// is the client's fault, which only its next whole text can repair.
func (ds *documents) change(p protocol.DidChangeParams) error {
	d := ds.get(p.TextDocument.URI)
	if d == nil {
		return fault.New(fault.InvalidParams, "%s is not open", p.TextDocument.URI)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	text := d.reading.text
	for _, c := range p.ContentChanges {
		if c.Range == nil {
			text = language.NewText(c.Text)
			continue
		}
		next, err := text.Apply(manifestRange(*c.Range), ds.encoding, c.Text)
		if err != nil {
			return err
		}
		text = next
	}
	d.next(text, p.TextDocument.Version)
	return nil
}

// next begins a new version; the lock is held.
func (d *document) next(text *language.Text, version int) {
	old := d.reading
	// A version that nobody has read yet says nothing.
	fresh := &reading{text: text, version: version, path: d.path, before: old.before}
	if doc := old.doc.Load(); doc != nil && !doc.Broken() {
		fresh.before = doc
	}
	d.reading = fresh
	d.nudge()
}

// stop lets a closed document go.
func (ds *documents) stop(uri string) {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	if d := ds.open[uri]; d != nil {
		close(d.closed)
		delete(ds.open, uri)
		ds.leaving[uri] = d
	}
}

// reread reads every document anew: a file that a manifest names has changed.
func (ds *documents) reread() {
	for _, d := range ds.manifests() {
		d.mu.Lock()
		d.next(d.reading.text, d.reading.version)
		d.mu.Unlock()
	}
}

// nudgeAll has every document look whether there is something new to say.
func (ds *documents) nudgeAll() {
	for _, d := range ds.manifests() {
		d.nudge()
	}
}

func (d *document) nudge() {
	select {
	case d.wake <- struct{}{}:
	default: // it will look anyway
	}
}

// manifests are the open documents that are manifests.
func (ds *documents) manifests() []*document {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	var out []*document
	for _, d := range ds.open {
		if d.manifest {
			out = append(out, d)
		}
	}
	return out
}

func (ds *documents) get(uri string) *document {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	return ds.open[uri]
}

// pin is the version of a document that a request is about: the one at the
// request's place on the wire, whatever is edited until it is answered. It is nil
// for one that is not open or no manifest.
func (ds *documents) pin(uri string) *reading {
	d := ds.get(uri)
	if d == nil || !d.manifest {
		return nil
	}
	return d.current()
}

func (d *document) current() *reading {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.reading
}

// publish sends the document's diagnostics whenever they change, until it is
// closed; then it takes them away.
func (ds *documents) publish(d *document) {
	var last []protocol.Diagnostic
	var version int
	seen, published := false, false
	for {
		select {
		case <-d.wake:
		case <-d.closed:
			if published && len(last) > 0 {
				ds.s.notify(protocol.MethodPublishDiagnostics, protocol.PublishDiagnosticsParams{URI: d.uri, Diagnostics: []protocol.Diagnostic{}})
			}
			ds.mu.Lock()
			if ds.leaving[d.uri] == d {
				delete(ds.leaving, d.uri)
			}
			ds.mu.Unlock()
			return
		case <-ds.s.ending:
			return
		}
		r, began := d.current(), time.Now()
		var found []protocol.Diagnostic
		err := protect(ds.s.log(), "diagnostics of "+d.uri, func() error {
			ds.s.facts.refresh(r.document(), !seen)
			if ds.push {
				found = ds.diagnostics(r)
			}
			return nil
		})
		seen = true
		same := published && r.version == version && slices.EqualFunc(found, last, sameDiagnostic)
		if err == nil && ds.push && !same {
			ds.s.notify(protocol.MethodPublishDiagnostics, protocol.PublishDiagnosticsParams{URI: d.uri, Version: &r.version, Diagnostics: found})
			last, version, published = found, r.version, true
		}
		gap := time.NewTimer(min(max(time.Since(began), publishGapLeast), publishGapMost))
		select {
		case <-gap.C:
		case <-d.closed: // the loop sees it, too
		case <-ds.s.ending:
		}
		gap.Stop()
	}
}

func sameDiagnostic(a, b protocol.Diagnostic) bool {
	return a.Range == b.Range && a.Severity == b.Severity && a.Code == b.Code && a.Message == b.Message
}

// diagnostics of one version, as the client counts.
func (ds *documents) diagnostics(r *reading) []protocol.Diagnostic {
	return converted(r.document().Diagnostics(ds.s.facts.peek), func(d manifest.Diagnostic) protocol.Diagnostic {
		return ds.diagnosticOf(r, d)
	})
}

func (ds *documents) diagnosticOf(r *reading, d manifest.Diagnostic) protocol.Diagnostic {
	out := diagnosticOf(d)
	out.Range = ds.rangeOf(r.text, d.Range)
	if out.Hint != "" { // editors show the message alone
		out.Message, out.Hint = out.Message+" ("+out.Hint+")", ""
	}
	if d.Code == manifest.CodeIgnoredInHybrid {
		out.Tags = []int{diagnosticUnnecessary}
	}
	return out
}

// diagnosticUnnecessary lets an editor fade what has no effect (LSP
// "DiagnosticTag").
const diagnosticUnnecessary = 1

// rangeOf is a range as the client counts.
func (ds *documents) rangeOf(t *language.Text, r manifest.Range) protocol.Range {
	return rangeOf(t.ConvertRange(r, language.UTF16, ds.encoding))
}

// position is a client's position as this program counts.
func (ds *documents) position(t *language.Text, p protocol.Position) manifest.Position {
	return t.Convert(manifest.Position{Line: p.Line, Column: p.Character}, ds.encoding, language.UTF16)
}

func manifestRange(r protocol.Range) manifest.Range {
	return manifest.Range{Start: manifest.Position{Line: r.Start.Line, Column: r.Start.Character},
		End: manifest.Position{Line: r.End.Line, Column: r.End.Character}}
}
