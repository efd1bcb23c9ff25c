package jsonc

import "bytes"

// Edit replaces the bytes from Start to End of the original text.
type Edit struct {
	Start, End int
	Text       string
}

// piece is a part of the edited text: of the original from at, or added.
type piece struct {
	added bool
	at    int // offset in the original, where not added
	text  []byte
}

// pieces is the edited text as parts of the original and what was added, so
// that any sequence of changes can be told as edits of the original.
type pieces []piece

// split cuts the pieces at an offset of the edited text and gives the number of
// pieces before it.
func (p *pieces) split(at int) int {
	for i, part := range *p {
		switch {
		case at == 0:
			return i
		case at < len(part.text):
			left, right := part, part
			left.text, right.text = part.text[:at], part.text[at:]
			right.at += at
			*p = append((*p)[:i], append(pieces{left, right}, (*p)[i+1:]...)...)
			return i + 1
		}
		at -= len(part.text)
	}
	return len(*p)
}

// replace puts text in the place of the bytes from start to end.
func (p *pieces) replace(start, end int, text string) {
	from := p.split(start)
	to := p.split(end)
	var added pieces
	if text != "" {
		added = pieces{{added: true, text: []byte(text)}}
	}
	*p = append((*p)[:from], append(added, (*p)[to:]...)...)
}

func (p pieces) bytes() []byte {
	var b bytes.Buffer
	for _, part := range p {
		b.Write(part.text)
	}
	return b.Bytes()
}

// edits tells how the pieces differ from the original. What was taken out and
// put back as it was is no edit.
func (p pieces) edits(original []byte) []Edit {
	var all []Edit
	at := 0
	var text []byte
	flush := func(next int) {
		old := original[at:next]
		if !bytes.Equal(old, text) {
			before := commonPrefix(old, text)
			after := commonSuffix(old[before:], text[before:])
			all = append(all, Edit{at + before, next - after, string(text[before : len(text)-after])})
		}
		text = nil
	}
	for _, part := range p {
		if part.added {
			text = append(text, part.text...)
			continue
		}
		flush(part.at)
		at = part.at + len(part.text)
	}
	flush(len(original))
	return all
}

func commonPrefix(a, b []byte) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

func commonSuffix(a, b []byte) int {
	n := 0
	for n < len(a) && n < len(b) && a[len(a)-1-n] == b[len(b)-1-n] {
		n++
	}
	return n
}
