package session

import (
	"slices"
	"sync"

	"github.com/tandem-dev/tandem/envfile"
)

// defaultDialects are the files of a session that asks for none.
var defaultDialects = []envfile.Dialect{envfile.Dotenv, envfile.JSON}

// dialectList are the dialects that were asked for while a session runs. Any
// goroutine may add; the owner writes them anew when the environment changes.
type dialectList struct {
	mu  sync.Mutex
	all []envfile.Dialect
}

func (l *dialectList) add(d envfile.Dialect) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !slices.Contains(l.all, d) {
		l.all = append(l.all, d)
	}
}

// after gives the dialects of a list, and then those that were added to it.
func (l *dialectList) after(first []envfile.Dialect) []envfile.Dialect {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := slices.Clone(first)
	for _, d := range l.all {
		if !slices.Contains(out, d) {
			out = append(out, d)
		}
	}
	return out
}
