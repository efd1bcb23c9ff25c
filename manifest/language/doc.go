// Package language makes a language of okteto.yml: what an editor shows while
// somebody writes one. It knows documents and places in them, and neither the
// protocol of an editor nor a cluster.
//
//	d := language.Read(path, language.NewText(text), manifest.Options{})
//	d.Diagnostics(known)              // all that is wrong, with exact ranges
//	d.Complete(position, known)       // what may stand here
//	d.Hover(position, known)          // what stands here means
//	d.Symbols()                       // the outline
//	d.Devs()                          // the entries that can run, for lenses
//	d.Actions(range, known)           // corrections and conversions
//
// A [Document] is one version of a text: it never changes, so that any number of
// goroutines may ask it. Editing makes a new [Text] ([Text.Apply]) and from it a
// new document.
//
// # What the cluster holds
//
// Names of workloads, containers, services and the like come as [Facts], which
// somebody else gathered and keeps fresh, for each of the places that a manifest
// names ([Clusters], [Document.Places]). They may be nil, as they are until the
// cluster has answered for the first time; nothing here waits. Each list of them
// says whether it is complete: only of a complete list can be said that it does
// not have a name.
//
// # Where the cursor is
//
// While somebody types, the text is broken more often than not. So the place of
// a cursor is not taken from parsed YAML but from the lines above it: their
// indentation, dashes, keys, and the brackets that are open ([Document.Complete]
// and [Document.Hover] share that). Diagnostics and all that has a range come
// from the package manifest, which parses.
//
// # The meaning of fields
//
// Completion, hover and the tables of docs/manifest.md come from one table, that
// of [manifest.Keys].
//
// # Values of variables
//
// Hover shows what ${NAME} expands to: the value is on the developer's own
// machine. One whose name sounds secret, or that carries a password in a URL, is
// masked all the same, because screens are shared.
package language
