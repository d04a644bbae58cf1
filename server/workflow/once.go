package workflow

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"xiaopu/server/store"
)

// keyed is a person's request that may come again under the key its sender gave it.
type keyed struct {
	person, key string // no key: every request is a new one
	asked       string // tells requests apart
}

// keyed is the request of a person who asks for what, with a body. Its hash is kept, and who reads that must not be able to try what a
// request may have said.
func (e *Engine) keyed(person, key, what string, body any) (keyed, error) {
	if key == "" {
		return keyed{}, nil
	}
	text, err := json.Marshal(body)
	return keyed{person, key, e.db.Sealer().Blind("request", what+"\n"+string(text))}, err
}

// once does what a request asks for; do claims its key (done) in the transaction that does it. The same request again, also at the same
// time, changes nothing: show tells what it did by what was noted with the key. Another request under the key is refused.
func once[T any](ctx context.Context, e *Engine, q keyed, show func(noted string) (T, error), do func() (T, error)) (T, error) {
	if out, did, err := doneBefore(ctx, e, q, show); did || err != nil {
		return out, err
	}
	out, err := do()
	if errors.Is(err, store.ErrDone) || errors.Is(err, store.ErrStale) { // the same request may have come at the same time
		if out, did, err := doneBefore(ctx, e, q, show); did || err != nil {
			return out, err
		}
	}
	return out, err
}

func doneBefore[T any](ctx context.Context, e *Engine, q keyed, show func(noted string) (T, error)) (out T, did bool, err error) {
	if q.key == "" {
		return out, false, nil
	}
	d, did, err := e.db.FindDone(ctx, q.person, q.key)
	switch {
	case err != nil || !did:
		return out, false, err
	case d.Request != q.asked:
		return out, true, errKeyReused
	}
	out, err = show(d.CaseID)
	return out, true, err
}

// done claims the request's key in the transaction that does it, with the id of what it made or changed. It returns store.ErrDone when
// the key was claimed meanwhile.
func (q keyed) done(ctx context.Context, tx *store.Tx, id string, now time.Time) error {
	if q.key == "" {
		return nil
	}
	return tx.NoteDone(ctx, q.person, q.key, q.asked, id, now)
}
