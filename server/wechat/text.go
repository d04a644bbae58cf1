package wechat

import (
	"encoding/json"
	"strconv"
)

// text is a JSON string or number, kept as text: the platform's documents and its answers differ in which it is.
type text string

// UnmarshalJSON reads either.
func (t *text) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, (*string)(t))
	}
	if s := string(b); s != "null" {
		*t = text(s)
	}
	return nil
}

// number is the text as a whole number, 0 when it is none.
func (t text) number() int64 {
	n, err := strconv.ParseInt(string(t), 10, 64)
	if err != nil {
		return 0
	}
	return n
}
