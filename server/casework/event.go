package casework

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"
)

// EventKind names what happened: a command's name, or what the mechanism did by itself.
type EventKind string

// What the mechanism records by itself; every other kind is the Name of a command.
const (
	EventEscalated    EventKind = "escalated"    // a deadline, hops, the hold's end: data says which
	EventOverdue      EventKind = "overdue"      // tier I passed its deadline
	EventHeld         EventKind = "held"         // a result submitted in time holds the escalation
	EventWarned       EventKind = "warned"       // a deadline is near
	EventChased       EventKind = "chased"       // somebody was told that something waits
	EventUnaccepted   EventKind = "unaccepted"   // a department left it unaccepted: a hop
	EventRecalculated EventKind = "recalculated" // the calendar changed a deadline
	EventRatingClosed EventKind = "rating_closed"
	EventReopened     EventKind = "reopened" // a new round
	EventMergedIn     EventKind = "merged_in"
	EventSplitOff     EventKind = "split_off"
)

// Routine reports whether the mechanism only told somebody once more that something is due: nothing changed with it, and one more says
// little beside the one before.
func (k EventKind) Routine() bool { return k == EventWarned || k == EventChased }

// Event is one line of a case's timeline.
type Event struct {
	Seq  int64     `json:"seq"`
	Kind EventKind `json:"kind"`
	// ActorID and ActorName are empty and “系统” for what the mechanism did by itself.
	ActorID   string   `json:"actor_id,omitempty"`
	ActorName string   `json:"actor_name"`
	As        Capacity `json:"as"`
	// At is when it took effect; for what fell due, the instant it fell due.
	At time.Time `json:"at"`
	// RecordedAt is when it was processed.
	RecordedAt time.Time `json:"recorded_at"`
	// Public marks what the requesters may read of: that it happened, when, and the dates it set. Of Data they read only
	// the text of a progress: reasons and records are internal.
	Public bool `json:"public,omitempty"`
	// Data is the command as given, or what the mechanism says of itself.
	Data    json.RawMessage `json:"data,omitempty"`
	Changes []Change        `json:"changes,omitempty"`
}

// Change is one field, or one entry of a map field (field/key), before and after. Absent means empty.
type Change struct {
	Path   string          `json:"path"`
	Before json.RawMessage `json:"before,omitempty"`
	After  json.RawMessage `json:"after,omitempty"`
}

// Seal gives the body of e as it is stored and the hash that chains it to the line before (previous; "" for the
// first). The hash covers the stored bytes, so verifying needs no re-encoding.
func Seal(previous string, e Event) (body []byte, hash string, err error) {
	body, err = json.Marshal(e)
	if err != nil {
		return nil, "", fmt.Errorf("seal event %d: %w", e.Seq, err)
	}
	return body, ChainHash(previous, body), nil
}

// ChainHash is SHA-256 over the previous hash and the stored body, in hex.
func ChainHash(previous string, body []byte) string {
	h := sha256.New()
	h.Write([]byte(previous))
	h.Write([]byte{'\n'})
	h.Write(body)
	return hex.EncodeToString(h.Sum(nil))
}

// caseFields are the fields that events may change, by JSON name in order. Version follows from the number of events.
var caseFields = func() []caseField {
	var out []caseField
	t := reflect.TypeFor[Case]()
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if name != "version" {
			out = append(out, caseField{name: name, index: i})
		}
	}
	slices.SortFunc(out, func(a, b caseField) int { return strings.Compare(a.name, b.name) })
	return out
}()

type caseField struct {
	name  string
	index int
}

func fieldIndex(name string) (int, bool) {
	i, ok := slices.BinarySearchFunc(caseFields, name, func(f caseField, name string) int { return strings.Compare(f.name, name) })
	if !ok {
		return 0, false
	}
	return caseFields[i].index, true
}

// unchanged compares maps without reflection, which costs most of a diff: few of them change in one event. What it
// calls changed is looked at entry by entry.
var unchanged = map[string]func(a, b *Case) bool{
	"files":    func(a, b *Case) bool { return maps.Equal(a.Files, b.Files) },
	"clocks":   func(a, b *Case) bool { return maps.Equal(a.Clocks, b.Clocks) },
	"offers":   func(a, b *Case) bool { return maps.Equal(a.Offers, b.Offers) },
	"orders":   func(a, b *Case) bool { return maps.Equal(a.Orders, b.Orders) },
	"ratings":  func(a, b *Case) bool { return maps.Equal(a.Ratings, b.Ratings) },
	"reminded": func(a, b *Case) bool { return maps.Equal(a.Reminded, b.Reminded) },
	"sponsors": func(a, b *Case) bool { return maps.Equal(a.Sponsors, b.Sponsors) },
	"stages":   func(a, b *Case) bool { return maps.Equal(a.Stages, b.Stages) },
	"tickets":  func(a, b *Case) bool { return maps.Equal(a.Tickets, b.Tickets) },
}

// diff lists what changed from a to b, by field name, map fields entry by entry.
func diff(a, b *Case) ([]Change, error) {
	var out []Change
	va, vb := reflect.ValueOf(a).Elem(), reflect.ValueOf(b).Elem()
	for _, f := range caseFields {
		fa, fb := va.Field(f.index), vb.Field(f.index)
		var err error
		switch {
		case fa.Kind() == reflect.Map:
			if same := unchanged[f.name]; same == nil || !same(a, b) {
				err = diffMap(f.name, fa, fb, &out)
			}
		case !same(fa, fb):
			err = appendChange(&out, f.name, fa, fb, field)
		}
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

func diffMap(name string, a, b reflect.Value, out *[]Change) error {
	if a.Len() == 0 && b.Len() == 0 {
		return nil
	}
	keys := map[string]bool{}
	for _, k := range a.MapKeys() {
		keys[k.String()] = true
	}
	for _, k := range b.MapKeys() {
		keys[k.String()] = true
	}
	for _, k := range slices.Sorted(maps.Keys(keys)) {
		ka := reflect.ValueOf(k)
		ea, eb := a.MapIndex(ka), b.MapIndex(ka)
		if ea.IsValid() && eb.IsValid() && same(ea, eb) {
			continue
		}
		if err := appendChange(out, name+"/"+k, ea, eb, entry); err != nil {
			return err
		}
	}
	return nil
}

// same compares two values of one type. What it calls different may still be the same as JSON.
func same(a, b reflect.Value) bool {
	switch a.Kind() {
	case reflect.String:
		return a.String() == b.String()
	case reflect.Int:
		return a.Int() == b.Int()
	case reflect.Bool:
		return a.Bool() == b.Bool()
	case reflect.Pointer:
		if a.Pointer() == b.Pointer() {
			return true
		}
	case reflect.Slice:
		if a.Len() == 0 && b.Len() == 0 {
			return true
		}
	case reflect.Struct:
		if a.CanAddr() && b.CanAddr() {
			ta, isTime := a.Addr().Interface().(*time.Time)
			tb, both := b.Addr().Interface().(*time.Time)
			if isTime && both {
				return ta.Equal(*tb)
			}
		}
	}
	return reflect.DeepEqual(a.Interface(), b.Interface())
}

func appendChange(out *[]Change, path string, a, b reflect.Value, encode func(reflect.Value) (json.RawMessage, error)) error {
	before, err := encode(a)
	if err != nil {
		return err
	}
	after, err := encode(b)
	if err != nil {
		return err
	}
	if !bytes.Equal(before, after) {
		*out = append(*out, Change{Path: path, Before: before, After: after})
	}
	return nil
}

// entry gives a map's entry as JSON, nil when it is not there: also an empty one is there.
func entry(v reflect.Value) (json.RawMessage, error) {
	if !v.IsValid() {
		return nil, nil
	}
	return json.Marshal(v.Interface())
}

// field gives a field as JSON, nil when it is empty.
func field(v reflect.Value) (json.RawMessage, error) {
	switch v.Kind() {
	case reflect.Slice, reflect.Pointer:
		if v.IsNil() || v.Kind() == reflect.Slice && v.Len() == 0 {
			return nil, nil
		}
	default:
		if v.IsZero() {
			return nil, nil
		}
	}
	return json.Marshal(v.Interface())
}

// Replay folds events over c, checking their order. Replaying all events of a case over the zero Case gives the
// stored state (domain §3, invariant 6).
func Replay(c Case, events []Event) (Case, error) {
	c = c.clone()
	for _, e := range events {
		if e.Seq != c.Version+1 {
			return c, fmt.Errorf("event %d follows version %d", e.Seq, c.Version)
		}
		for _, ch := range e.Changes {
			if err := applyChange(&c, ch); err != nil {
				return c, fmt.Errorf("event %d: %w", e.Seq, err)
			}
		}
		c.Version = e.Seq
	}
	return c, nil
}

func applyChange(c *Case, ch Change) error {
	name, key, inMap := strings.Cut(ch.Path, "/")
	i, ok := fieldIndex(name)
	if !ok {
		return fmt.Errorf("unknown field %q", ch.Path)
	}
	f := reflect.ValueOf(c).Elem().Field(i)
	if !inMap {
		f.SetZero()
		if ch.After == nil {
			return nil
		}
		return json.Unmarshal(ch.After, f.Addr().Interface())
	}
	if f.Kind() != reflect.Map {
		return fmt.Errorf("%q is not a map", ch.Path)
	}
	if ch.After == nil {
		f.SetMapIndex(reflect.ValueOf(key), reflect.Value{})
		return nil
	}
	v := reflect.New(f.Type().Elem())
	if err := json.Unmarshal(ch.After, v.Interface()); err != nil {
		return err
	}
	if f.IsNil() {
		f.Set(reflect.MakeMap(f.Type()))
	}
	f.SetMapIndex(reflect.ValueOf(key), v.Elem())
	return nil
}
