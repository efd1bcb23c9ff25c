// Package jsonc edits JSON with comments, as Visual Studio Code and Zed read it
// (launch.json, tasks.json, settings.json, debug.json), without rewriting it:
// every byte that an edit is not about stays what it was. Comments, order,
// indentation, line endings, trailing commas, a byte order mark and duplicate
// keys of the user's survive.
//
//	doc, err := jsonc.Parse(text)
//	err = doc.Add(jsonc.Path{"configurations"}, "", config) // behind the last element
//	err = doc.Remove(jsonc.Path{"configurations", 2})
//	os.WriteFile(path, doc.Bytes(), 0o644)
//	doc.Edits()                                             // the same as edits of text
//
// # What is read
//
// JSON (RFC 8259) with // and /* */ comments and a comma after the last element
// or member; a document of nothing but comments has no root. Of members with one
// name the last counts, as it does for the editors. What an editor would call an
// error is a [SyntaxError] with line and column here: a file that is not
// understood as a whole is not edited.
//
// # Removing is the inverse of adding
//
// Add puts its text behind the last comment of the container, so that all white
// space before it is its own; it takes a trailing comma from the file's habit:
//
//	[            [               [            [
//	  A // a  →    A, // a         A, // a  →   A, // a
//	]              X             ]              X,
//	             ]                            ]
//
// Remove takes the text away from the end of the last comment on, and the comma
// before it where what goes was last and had none. So after Add and Remove the
// bytes are those from before, also when something else was edited in between.
// One thing the text cannot tell: whether an empty container was `[]` or had
// white space in it. [Document.Inner] asks that before, [Document.SetInner] puts
// it back.
//
// The package does no input or output, and a Document belongs to one goroutine.
package jsonc
