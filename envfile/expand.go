package envfile

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// maxExpansion bounds one expanded value, in bytes. Linux refuses a variable
// above 128 KiB, so nothing that could run comes near it, while a chain of
// $(A)$(A) doubles with every line.
const maxExpansion = 1 << 20

// expand replaces $(NAME) in text by the kubelet's rules
// (third_party/forked/golang/expansion in Kubernetes):
//
//   - $$ is one dollar, and what follows it is not looked at again: $$(A) gives $(A);
//   - $(NAME) with a NAME that lookup knows is its value, whatever the
//     characters between the parentheses; unknown, it stays as it is;
//   - $( without a closing parenthesis stays, as does a $ before anything else.
//
// What is put in is not expanded again. ok is false when the result would
// pass maxExpansion.
func expand(text string, lookup func(name string) (string, bool)) (result string, ok bool) {
	return expandTraced(text, lookup, nil)
}

// expandTraced is expand that tells of each $$ and each $( that is not closed,
// where step is not nil. lookup hears of all the others.
func expandTraced(text string, lookup func(name string) (string, bool), step func(reference)) (result string, ok bool) {
	var out strings.Builder
	for {
		i := strings.IndexByte(text, '$')
		if i < 0 || i == len(text)-1 {
			break
		}
		out.WriteString(text[:i])
		rest := text[i+1:]
		switch rest[0] {
		case '$':
			out.WriteByte('$')
			if step != nil {
				step(reference{text: "$$", outcome: Escaped})
			}
			text = rest[1:]
		case '(':
			end := strings.IndexByte(rest, ')')
			if end < 0 {
				// Unterminated: the rest may still hold a $$.
				out.WriteString("$(")
				if step != nil {
					step(reference{text: "$(", outcome: Unterminated})
				}
				text = rest[1:]
				break
			}
			if value, known := lookup(rest[1:end]); known {
				out.WriteString(value)
			} else {
				out.WriteString("$" + rest[:end+1])
			}
			text = rest[end+1:]
		default:
			// The rune after the dollar goes along, so that a broken byte
			// becomes U+FFFD as it does in the kubelet.
			r, size := utf8.DecodeRuneInString(rest)
			out.WriteByte('$')
			out.WriteRune(r)
			text = rest[size:]
		}
		if out.Len() > maxExpansion {
			return "", false
		}
	}
	out.WriteString(text)
	return out.String(), out.Len() <= maxExpansion
}

// referencedNames lists the names between $( and ) that expand would look up.
func referencedNames(text string) []string {
	var names []string
	expand(text, func(name string) (string, bool) {
		names = append(names, name)
		return "", true
	})
	return names
}

// expandInto sets c to the expansion of a literal. What it embeds passes on
// its secrecy, its tie to the pod, and its lack of a value.
func (r *resolver) expandInto(c *candidate, text string) {
	var waiting string
	var step func(reference)
	if r.tracing {
		step = func(ref reference) { c.references = append(c.references, ref) }
	}
	value, ok := expandTraced(text, func(name string) (string, bool) {
		list := r.candidates[name]
		if len(list) == 0 {
			switch {
			case r.mayBeSet(name):
				waiting = name
			default:
				c.openRefs = true
				if !r.tracing {
					c.notes = append(c.notes, fmt.Sprintf("nothing above it sets %q, so $(%s) stays as text", name, name))
				}
			}
			if r.tracing { // says so in its place
				step(r.openReference(name, waiting == name))
			}
			return "", false
		}
		// The latest candidate is what the kubelet's own map holds here.
		seen := &list[len(list)-1]
		c.secret = c.secret || seen.secret
		c.podBound = c.podBound || seen.podBound
		c.openRefs = c.openRefs || seen.openRefs
		if seen.unresolved != "" {
			waiting = name
		}
		if r.tracing {
			step(referenceTo(name, seen))
		}
		return seen.value, true
	}, step)
	c.value = value
	if value != text {
		c.expansion = text
	}
	switch {
	case !ok:
		// References past the limit were not looked at; they may be secrets.
		c.value, c.expansion, c.secret = "", text, c.secret || r.anySecret
		c.unresolved = fmt.Sprintf("its expansion passes %d bytes, more than a process can be given", maxExpansion)
	case waiting != "":
		c.value, c.expansion = "", text
		c.unresolved = fmt.Sprintf("it embeds $(%s), which has no value yet", waiting)
	}
}
