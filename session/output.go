package session

import (
	"sync"
	"unicode/utf8"
)

// outputText turns the bytes of a stream into text for the observer. A rune
// that a read has cut in two is held back until its rest arrives; bytes that
// are no UTF-8 become U+FFFD, because the protocol is JSON.
type outputText struct {
	mu   sync.Mutex
	rest []byte
	emit func(text string)
}

// Write never fails.
func (o *outputText) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	b := append(o.rest, p...)
	cut := len(b) - cutRune(b)
	if cut > 0 {
		o.emit(validText(b[:cut]))
	}
	o.rest = append([]byte(nil), b[cut:]...)
	return len(p), nil
}

// flush emits what is held back, at the end of the stream.
func (o *outputText) flush() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.rest) > 0 {
		o.emit(validText(o.rest))
		o.rest = nil
	}
}

// cutRune is how many bytes at the end of b begin a rune without ending it.
func cutRune(b []byte) int {
	for n := 1; n <= min(utf8.UTFMax-1, len(b)); n++ {
		tail := b[len(b)-n:]
		if utf8.RuneStart(tail[0]) {
			if utf8.FullRune(tail) {
				return 0
			}
			return n
		}
	}
	return 0
}

func validText(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	out := make([]rune, 0, len(b))
	for len(b) > 0 {
		r, size := utf8.DecodeRune(b)
		out, b = append(out, r), b[size:]
	}
	return string(out)
}
