package protocol

import (
	"encoding/json"
	"fmt"
	"strconv"
)

// Token is an integer or a string, as request ids and progress tokens are in
// LSP. The zero value is the integer 0. Tokens are comparable: 1 and "1" are
// two tokens.
type Token struct {
	text   string
	number int64
	isText bool
}

// NumberToken is the token of an integer.
func NumberToken(n int64) Token { return Token{number: n} }

// TextToken is the token of a string.
func TextToken(s string) Token { return Token{text: s, isText: true} }

// Number is the integer, where the token is one.
func (t Token) Number() (int64, bool) { return t.number, !t.isText }

// Text is the string, where the token is one.
func (t Token) Text() (string, bool) { return t.text, t.isText }

// String is the token for a reader: an integer bare, a string quoted.
func (t Token) String() string {
	if t.isText {
		return strconv.Quote(t.text)
	}
	return strconv.FormatInt(t.number, 10)
}

// MarshalJSON writes the integer or the string.
func (t Token) MarshalJSON() ([]byte, error) {
	if t.isText {
		return json.Marshal(t.text)
	}
	return strconv.AppendInt(nil, t.number, 10), nil
}

// UnmarshalJSON reads an integer or a string and refuses everything else, a
// fraction and null included.
func (t *Token) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '"' {
		var s string
		if err := json.Unmarshal(data, &s); err != nil {
			return err
		}
		*t = TextToken(s)
		return nil
	}
	n, err := strconv.ParseInt(string(data), 10, 64)
	if err != nil {
		return fmt.Errorf("neither an integer nor a string")
	}
	*t = NumberToken(n)
	return nil
}
