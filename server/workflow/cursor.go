package workflow

import (
	"cmp"
	"encoding/base64"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"xiaopu/server/apperr"
	"xiaopu/server/casework"
	"xiaopu/server/store"
)

var errCursor = apperr.New(apperr.InvalidArgument, "list.cursor", "翻页标记无效，请从第一页重新查询。")

// A cursor is opaque to clients: the keys of the last row they read.
func encodeCursor(parts ...string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strings.Join(parts, "\n")))
}

func decodeCursor(text string, parts int) ([]string, error) {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(raw) > 400 {
		return nil, errCursor
	}
	list := strings.Split(string(raw), "\n")
	if len(list) != parts {
		return nil, errCursor
	}
	return list, nil
}

func millisText(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }

func millisOf(s string) (time.Time, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return time.Time{}, errCursor
	}
	return time.UnixMilli(n).UTC(), nil
}

func cursor(at time.Time, id string) string { return encodeCursor(millisText(at), id) }

func parseCursor(text string) (time.Time, string, error) {
	parts, err := decodeCursor(text, 2)
	if err != nil {
		return time.Time{}, "", err
	}
	at, err := millisOf(parts[0])
	return at, parts[1], err
}

func todoCursor(r store.TodoRow) string {
	return encodeCursor(millisText(r.DueAt), r.CaseID, string(r.Kind), r.Ref)
}

func parseTodoCursor(text string) (*store.TodoRow, error) {
	if text == "" {
		return nil, nil
	}
	parts, err := decodeCursor(text, 4)
	if err != nil {
		return nil, err
	}
	at, err := millisOf(parts[0])
	if err != nil {
		return nil, err
	}
	return &store.TodoRow{DueAt: at, CaseID: parts[1], Kind: casework.TodoKind(parts[2]), Ref: parts[3]}, nil
}

func heldCursor(h store.Held) string { return encodeCursor(string(h.Viewer), h.CaseID) }

func parseHeldCursor(text string) (h store.Held, err error) {
	if text == "" {
		return h, nil
	}
	parts, err := decodeCursor(text, 2)
	if err != nil {
		return h, err
	}
	return store.Held{Viewer: casework.Addressee(parts[0]), CaseID: parts[1]}, nil
}

func seqCursor(seq int64) string { return strconv.FormatInt(seq, 10) }

func sorted[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

// Cursor makes the cursor of a list in the order of an instant and an id.
func Cursor(at time.Time, id string) string { return cursor(at, id) }

// ParseCursor reads one that Cursor made; "" is the beginning.
func ParseCursor(text string) (at time.Time, id string, err error) {
	if text == "" {
		return at, "", nil
	}
	return parseCursor(text)
}
