package workflow

import (
	"encoding/json"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"xiaopu/server/casework"
	"xiaopu/server/ticket"
)

// freeText is the length from which on a command's field holds what somebody typed, and no id.
const freeText = 100

// withoutNumbers gives a command with the phone and ID numbers masked that somebody typed into it. A timeline keeps what it is
// told for good, so nothing personal may get into it that could then not be erased; the ticket has the numbers.
func withoutNumbers(cmd casework.Command) casework.Command {
	v := reflect.New(reflect.TypeOf(cmd)).Elem()
	v.Set(reflect.ValueOf(cmd))
	maskTyped(v)
	masked, _ := v.Interface().(casework.Command) // it is of the type of cmd
	return masked
}

func maskTyped(v reflect.Value) {
	for i := range v.NumField() {
		f, tag := v.Field(i), v.Type().Field(i).Tag
		if tag.Get("json") == "-" {
			continue
		}
		switch f.Kind() {
		case reflect.String:
			if n, err := strconv.Atoi(tag.Get("maxLength")); err == nil && n >= freeText {
				f.SetString(ticket.MaskText(f.String()))
			}
		case reflect.Struct:
			if f.Type().PkgPath() == v.Type().PkgPath() {
				maskTyped(f)
			}
		case reflect.Slice:
			if f.Len() == 0 {
				continue
			}
			list := reflect.MakeSlice(f.Type(), f.Len(), f.Len()) // the caller's own stays as it is
			reflect.Copy(list, f)
			for k := range list.Len() {
				switch e := list.Index(k); e.Kind() {
				case reflect.String:
					e.SetString(maskUnlessID(e.String()))
				case reflect.Struct:
					maskTyped(e)
				}
			}
			f.Set(list)
		}
	}
}

// ids are what the system calls things by: they may have many digits.
var ids = regexp.MustCompile(`^(?:[a-z_]+:)?(?:[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|[0-9a-f]{32})$`)

func maskUnlessID(s string) string {
	if ids.MatchString(s) {
		return s
	}
	return ticket.MaskText(s)
}

// maskJSON masks the phone and ID numbers inside the texts of a JSON value.
func maskJSON(raw json.RawMessage) json.RawMessage {
	text := string(raw)
	if ticket.MaskText(text) == text {
		return raw
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return raw // not ours to show better
	}
	masked, err := json.Marshal(maskValue(v))
	if err != nil {
		return raw
	}
	return masked
}

func maskValue(v any) any {
	switch v := v.(type) {
	case string:
		return maskUnlessID(v)
	case []any:
		for i := range v {
			v[i] = maskValue(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = maskValue(v[k])
		}
	}
	return v
}
