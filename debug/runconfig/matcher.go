package runconfig

import (
	"path/filepath"

	"github.com/tandem-dev/tandem/debug/runconfig/jsonc"
)

// What `tandem up` prints, as the problem matcher of its task reads it, in
// JavaScript's and Go's common syntax of regular expressions. A terminal's lines
// come without colours and as they look in the end; the patterns bear what else
// may stand before the words.
const (
	// BeginsPattern is the first step of a session, EndsPattern its readiness.
	// A session that cannot start ends its process, which tells VS Code, too.
	BeginsPattern = `^\W*checking\s`
	EndsPattern   = `^\s*ready in \d`
	// ProblemPattern is a finding in the manifest, with file, line, column and
	// text; the file is seen from the manifest's folder.
	ProblemPattern = `^(?:tandem:)?\s*(\S.*\.ya?ml):(\d+):(\d+): (.*)$`
)

// upTask is the background task that starts a session. It is over, for whoever
// waits for it, when the session is ready, and runs on until it is terminated.
func (p place) upTask(s Service) jsonc.Ordered {
	return jsonc.Ordered{
		{Key: "label", Value: s.upName()},
		{Key: "detail", Value: "starts the session of " + s.Label + "; terminate it to give the cluster back"},
		{Key: "type", Value: "process"},
		{Key: "command", Value: "tandem"},
		{Key: "args", Value: p.up(s, VSCode.Dialects(s.Target.Language))},
		{Key: "options", Value: jsonc.Ordered{{Key: "cwd", Value: p.macro}}},
		{Key: "isBackground", Value: true},
		{Key: "problemMatcher", Value: jsonc.Ordered{
			{Key: "owner", Value: "tandem"},
			{Key: "source", Value: "tandem"},
			{Key: "fileLocation", Value: []string{"autoDetect", p.path(filepath.Dir(s.Manifest))}},
			{Key: "pattern", Value: jsonc.Ordered{
				{Key: "regexp", Value: ProblemPattern},
				{Key: "file", Value: 1},
				{Key: "line", Value: 2},
				{Key: "column", Value: 3},
				{Key: "message", Value: 4},
			}},
			{Key: "background", Value: jsonc.Ordered{
				{Key: "activeOnStart", Value: true},
				{Key: "beginsPattern", Value: BeginsPattern},
				{Key: "endsPattern", Value: EndsPattern},
			}},
		}},
		{Key: "presentation", Value: jsonc.Ordered{
			{Key: "reveal", Value: "silent"}, {Key: "panel", Value: "dedicated"}, {Key: "group", Value: group},
		}},
		{Key: "runOptions", Value: jsonc.Ordered{{Key: "instanceLimit", Value: 1}}},
	}
}
