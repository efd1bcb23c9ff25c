package fault

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// Error is a failure with a stable kind, made for a person to read.
type Error struct {
	// Kind is what programs switch on.
	Kind Kind
	// Message says what was tried, on which object, and what happened. It is
	// lower-case, without a full stop, and holds no secret value.
	Message string
	// NextStep is the hint: what the reader can do about it. It may be empty.
	NextStep string
	// Retryable says that the same call may succeed later without a change by
	// the user.
	Retryable bool
	// Detail carries structured facts for programs, for example the candidates
	// of an ambiguous selector. It may be nil and must marshal to JSON.
	Detail map[string]any
	// Cause is the error underneath, nil where there is none.
	Cause error
}

// New makes an Error of the kind with a formatted message.
func New(kind Kind, format string, args ...any) *Error {
	return &Error{Kind: kind, Message: fmt.Sprintf(format, args...), Retryable: retryable(kind)}
}

// Wrap makes an Error that keeps cause; the cause's text follows the message.
func Wrap(cause error, kind Kind, format string, args ...any) *Error {
	e := New(kind, format, args...)
	e.Cause = cause
	return e
}

// Hint sets what the reader should do next and returns the same Error.
func (e *Error) Hint(format string, args ...any) *Error {
	e.NextStep = fmt.Sprintf(format, args...)
	return e
}

// With adds one structured fact to Detail and returns the same Error.
func (e *Error) With(key string, value any) *Error {
	if e.Detail == nil {
		e.Detail = map[string]any{}
	}
	e.Detail[key] = value
	return e
}

// Error is the message, followed by the cause's text where there is one.
func (e *Error) Error() string {
	if e.Cause == nil {
		return e.Message
	}
	return e.Message + ": " + e.Cause.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Is lets errors.Is(err, fault.PortInUse) match by kind.
func (e *Error) Is(target error) bool {
	k, ok := target.(Kind)
	return ok && k == e.Kind
}

// KindOf is the kind of the outermost Error in the chain. A bare context error
// is [Cancelled] or [Timeout]; anything else is [Internal]; nil is "".
func KindOf(err error) Kind {
	var e *Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &e):
		return e.Kind
	case errors.Is(err, context.Canceled):
		return Cancelled
	case errors.Is(err, context.DeadlineExceeded):
		return Timeout
	}
	return Internal
}

// HintOf is the first hint found from the outside in, or "".
func HintOf(err error) string {
	for err != nil {
		var e *Error
		if !errors.As(err, &e) {
			return ""
		}
		if e.NextStep != "" {
			return e.NextStep
		}
		err = e.Cause
	}
	return ""
}

// Retryable reports whether the outermost Error in the chain may pass without
// a change by the user.
func Retryable(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Retryable
}

// Kinds lists every kind there is, sorted, for documentation and tests.
func Kinds() []Kind {
	return slices.Sorted(slices.Values(all))
}
