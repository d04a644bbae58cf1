package workflow

import (
	"context"
	"encoding/json"
	"fmt"

	"xiaopu/server/casework"
	"xiaopu/server/store"
)

// Origin is where a request came from, for the audit log.
type Origin struct {
	Address   string // of the client
	Agent     string // the client's name for itself
	RequestID string
}

type originKey struct{}

// WithOrigin notes in ctx where a request came from.
func WithOrigin(ctx context.Context, o Origin) context.Context {
	return context.WithValue(ctx, originKey{}, o)
}

// OriginOf gives what WithOrigin noted.
func OriginOf(ctx context.Context) Origin {
	o, _ := ctx.Value(originKey{}).(Origin)
	return o
}

// Audited is something that goes into the audit log.
type Audited struct {
	Actor   string // person id; "" for the system and for somebody who is not signed in
	Action  string // in two words: session.start, ticket.unmask
	Object  string // kind and id, such as ticket:ID
	Outcome string // "" when it was done, else the reason why not
	Detail  map[string]string
}

// Record puts something that is no part of a transaction into the audit log. An error means that it is not there: what must
// not happen unrecorded is refused then.
func (e *Engine) Record(ctx context.Context, a Audited) error {
	return e.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error { return e.RecordIn(ctx, tx, a) })
}

// RecordIn puts something into the audit log in the transaction that does it.
func (e *Engine) RecordIn(ctx context.Context, tx *store.Tx, a Audited) error {
	e.metrics.Audited(a.Action, a.Outcome)
	o := OriginOf(ctx)
	return tx.AppendAudit(ctx, &store.AuditEntry{
		At: e.clock(), Actor: a.Actor, Action: a.Action, Object: a.Object, Outcome: a.Outcome, Detail: a.Detail,
		Address: o.Address, Agent: o.Agent, RequestID: o.RequestID,
	})
}

// AuditLog lists the audit log, newest first.
func (e *Engine) AuditLog(ctx context.Context, f store.AuditFilter) ([]store.AuditEntry, error) {
	return e.db.AuditLog(ctx, f)
}

// verifyLog checks the audit log's chain, its columns and its length.
func (e *Engine) verifyLog(ctx context.Context, v *Verified) error {
	length, err := e.db.AuditLength(ctx)
	if err != nil {
		return err
	}
	previous, expected := "", int64(1)
	find := func(seq int64, text string) {
		v.Findings = append(v.Findings, Finding{Seq: seq, Message: fmt.Sprintf("审计日志第 %d 条%s", seq, text)})
	}
	for {
		const batch = 500
		links, err := e.db.AuditLinks(ctx, expected-1, batch)
		if err != nil {
			return err
		}
		for _, l := range links {
			if l.Seq != expected {
				find(expected, fmt.Sprintf("至第 %d 条缺失", l.Seq-1))
				previous, expected = l.Hash, l.Seq+1
				continue
			}
			var a store.AuditEntry
			switch err := json.Unmarshal(l.Body, &a); {
			case casework.ChainHash(previous, l.Body) != l.Hash:
				find(l.Seq, "被改动")
			case err != nil || a.Seq != l.Seq || a.Actor != l.Actor || a.Action != l.Action || a.Object != l.Object || !a.At.Equal(l.At):
				find(l.Seq, "的检索字段与内容不符")
			}
			previous = l.Hash
			expected++
			v.Log++
		}
		if len(links) < batch {
			break
		}
	}
	if expected <= length {
		find(expected, fmt.Sprintf("至第 %d 条缺失", length))
	}
	return nil
}
