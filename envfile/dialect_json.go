package envfile

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode/utf8"
)

func encodeJSON(out *bytes.Buffer, name, value string) string {
	return encodeMember(out, name, value, func(text []byte) []byte { return text })
}

// encodeEnvFilePlugin writes JSON with more escapes: the plugin reads it with a parser
// of YAML 1.1, to which U+0085 and U+2028 are line breaks even inside quotes,
// and some other characters an error.
func encodeEnvFilePlugin(out *bytes.Buffer, name, value string) string {
	if len(name) > maxYAMLKey {
		return "its name is longer than YAML allows"
	}
	return encodeMember(out, name, value, asciiJSON)
}

// maxYAMLKey keeps a quoted and escaped key within the 1024 characters of YAML
// 1.1, section 7.4.2: six characters for each of at most 170.
const maxYAMLKey = 170

// encodeMember writes one member of an object, and the brace before the first.
func encodeMember(out *bytes.Buffer, name, value string, spell func([]byte) []byte) string {
	if !utf8.ValidString(name) {
		return "its name is not UTF-8, which JSON requires"
	}
	if !utf8.ValidString(value) {
		return "its value is not UTF-8, which JSON requires"
	}
	n, v := spell(quoteJSON(name)), spell(quoteJSON(value))
	var nameBack, valueBack string
	if json.Unmarshal(n, &nameBack) != nil || json.Unmarshal(v, &valueBack) != nil || nameBack != name || valueBack != value {
		return "JSON does not carry it exactly"
	}
	separator := ",\n  "
	if out.Len() == 0 {
		separator = "{\n  "
	}
	fmt.Fprintf(out, "%s%s: %s", separator, n, v)
	return ""
}

func quoteJSON(s string) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		return nil
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// asciiJSON spells what is outside printable ASCII as \u escapes, but for the
// characters beyond U+FFFF: JSON needs two escapes for one, of which not every
// parser of YAML makes one character again, and plain they are fine in both.
func asciiJSON(text []byte) []byte {
	if !bytes.ContainsFunc(text, func(r rune) bool { return r >= 0x7f }) {
		return text
	}
	var out []byte
	for _, r := range string(text) {
		switch {
		case r < 0x7f:
			out = append(out, byte(r))
		case r <= 0xffff:
			out = fmt.Appendf(out, `\u%04x`, r)
		default:
			out = utf8.AppendRune(out, r)
		}
	}
	return out
}

func closeJSON(out *bytes.Buffer) {
	if out.Len() == 0 {
		out.WriteByte('{')
	}
	out.WriteString("\n}\n")
}
