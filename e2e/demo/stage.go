package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
)

// stage is what the harness asks of a test, for a program that is none: it
// remembers what is to be cleaned up, and a failure ends the story.
type stage struct {
	ctx      context.Context
	cleanups []func()
	errs     []error
	explains []func(*screen)
	over     bool // by a failure
}

// fatal carries a failure from where it happens to run. It must happen on the
// goroutine that called run.
type fatal struct{ err error }

// run tells a story up to its first failure.
func (s *stage) run(story func() string) (summary string, err error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case fatal:
			s.over, err = true, r.err
		default:
			panic(r)
		}
	}()
	summary = story()
	return summary, errors.Join(s.errs...)
}

// clean undoes everything, the last thing first, and goes on after a failure.
func (s *stage) clean() error {
	s.errs = nil
	for _, undo := range slices.Backward(s.cleanups) {
		undo()
	}
	s.cleanups = nil
	return errors.Join(s.errs...)
}

// check ends the story with an error.
func (s *stage) check(err error, format string, args ...any) {
	if err != nil {
		s.Fatalf("%s: %w", fmt.Sprintf(format, args...), err)
	}
}

// expect ends the story where something is not as promised.
func (s *stage) expect(ok bool, format string, args ...any) {
	if !ok {
		s.Fatalf(format, args...)
	}
}

// onFailure adds something to be shown after a failure.
func (s *stage) onFailure(show func(*screen)) { s.explains = append(s.explains, show) }

func (s *stage) explain(out *screen) {
	for _, show := range s.explains {
		show(out)
	}
}

// What follows is harness.T.

func (s *stage) Helper()                  {}
func (s *stage) Name() string             { return "demo" }
func (s *stage) Context() context.Context { return s.ctx }
func (s *stage) Cleanup(undo func())      { s.cleanups = append(s.cleanups, undo) }
func (s *stage) Failed() bool             { return s.over || len(s.errs) > 0 }
func (s *stage) Logf(string, ...any)      {} // the screen is for the story

func (s *stage) Errorf(format string, args ...any) {
	s.errs = append(s.errs, fmt.Errorf(format, args...))
}

func (s *stage) Fatalf(format string, args ...any) {
	panic(fatal{errors.Join(append(s.errs, fmt.Errorf(format, args...))...)})
}

func (s *stage) TempDir() string {
	dir, err := os.MkdirTemp("", "tandem-demo-")
	s.check(err, "a temporary folder")
	s.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			s.Errorf("removing %s: %w", dir, err)
		}
	})
	return dir
}
