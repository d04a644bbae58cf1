package workflow

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"xiaopu/server/blob"
	"xiaopu/server/casework"
	"xiaopu/server/store"
)

// Finding is one thing that was changed or removed behind the system's back.
type Finding struct {
	CaseID  string `json:"case_id,omitempty"`
	Number  string `json:"number,omitempty"`
	Seq     int64  `json:"seq,omitempty"`
	Message string `json:"message"`
}

// Verified is the outcome of an audit.
type Verified struct {
	Cases    int       `json:"cases"`
	Events   int       `json:"events"`
	Anchors  int       `json:"anchors"`
	Log      int       `json:"log"`   // entries of the audit log
	Files    int       `json:"files"` // attachments
	Findings []Finding `json:"findings"`
}

// Verify reads every timeline and finds any line changed, added or removed afterwards: the hashes of a chain, its end
// on the case row, the case as replayed from its events, and the daily anchors must all agree. So must the audit log's own
// chain.
func (e *Engine) Verify(ctx context.Context) (Verified, error) {
	v := Verified{Findings: []Finding{}}
	after := ""
	for {
		heads, err := e.db.ChainHeads(ctx, after, 200)
		if err != nil {
			return v, err
		}
		if len(heads) == 0 {
			break
		}
		for _, h := range heads {
			after = h.CaseID
			if err := e.verifyChain(ctx, h, &v); err != nil {
				return v, err
			}
		}
	}
	orphans, err := e.db.OrphanEvents(ctx, 1000)
	if err != nil {
		return v, err
	}
	for _, id := range orphans {
		v.Findings = append(v.Findings, Finding{CaseID: id, Message: "事项被删除，只剩时间线"})
	}
	if err := e.verifyAnchors(ctx, &v); err != nil {
		return v, err
	}
	if err := e.verifyLog(ctx, &v); err != nil {
		return v, err
	}
	return v, e.verifyFiles(ctx, &v)
}

func (e *Engine) verifyChain(ctx context.Context, h store.ChainHead, v *Verified) error {
	events, err := e.db.StoredEvents(ctx, h.CaseID)
	if err != nil {
		return err
	}
	v.Cases++
	v.Events += len(events)
	found := func(seq int64, message string, args ...any) {
		v.Findings = append(v.Findings, Finding{CaseID: h.CaseID, Number: h.Number, Seq: seq, Message: fmt.Sprintf(message, args...)})
	}
	previous := ""
	var replay casework.Case
	broken := false
	next := int64(1)
	for _, ev := range events {
		if ev.Seq != next {
			found(next, "第 %d 至 %d 条被删除", next, ev.Seq-1)
			broken = true
		}
		next = ev.Seq + 1
		if !broken && casework.ChainHash(previous, ev.Body) != ev.Hash {
			found(ev.Seq, "第 %d 条内容被改动", ev.Seq)
			broken = true
		} else if broken && casework.ChainHash(previous, ev.Body) != ev.Hash && len(v.Findings) > 0 && v.Findings[len(v.Findings)-1].Seq != ev.Seq-1 {
			// After a first break the chain goes on from the hash as stored, so that each changed line is named.
			found(ev.Seq, "第 %d 条内容被改动", ev.Seq)
		}
		previous = ev.Hash
		var e casework.Event
		if err := json.Unmarshal(ev.Body, &e); err != nil || e.Seq != ev.Seq || string(e.Kind) != ev.Kind {
			found(ev.Seq, "第 %d 条与其登记的序号或类型不符", ev.Seq)
			broken = true
			continue
		}
		if !e.At.Equal(ev.At) || !e.RecordedAt.Equal(ev.RecordedAt) || e.Public != ev.Public {
			found(ev.Seq, "第 %d 条登记的时间或公开与否被改动", ev.Seq)
		}
		if !broken {
			if replay, err = casework.Replay(replay, []casework.Event{e}); err != nil {
				found(ev.Seq, "第 %d 条不能接在前一条之后", ev.Seq)
				broken = true
			}
		}
	}
	if last := next - 1; last < h.Seq {
		found(last+1, "末尾第 %d 至 %d 条被删除", last+1, h.Seq)
		return nil
	} else if last > h.Seq {
		found(h.Seq+1, "末尾多出第 %d 条", h.Seq+1)
		return nil
	}
	if len(h.Differs) > 0 {
		found(0, "列表用的字段被改动（%s），列表和到期处理可能因此出错", strings.Join(h.Differs, "、"))
	}
	if broken {
		return nil
	}
	if previous != h.Hash {
		found(h.Seq, "末条与事项登记的校验值不符")
		return nil
	}
	body, err := json.Marshal(replay)
	if err != nil {
		return err
	}
	if string(body) != string(h.Body) {
		found(0, "事项现状与时间线推算的结果不符，现状被改动")
		return nil
	}
	return e.verifyCaseFiles(ctx, replay, found)
}

// verifyCaseFiles holds the attachments that a timeline names to their rows.
func (e *Engine) verifyCaseFiles(ctx context.Context, c casework.Case, found func(int64, string, ...any)) error {
	for _, id := range sorted(c.Files) {
		a, err := e.db.Attachment(ctx, id)
		switch {
		case errors.Is(err, store.ErrNoAttachment):
			found(0, "附件 %s 的登记被删除", id)
		case err != nil:
			return err
		case a.CaseID != c.ID:
			found(0, "附件 %s 的登记被改到别处", id)
		case a.SHA256 != c.Files[id].SHA256 || a.Type != c.Files[id].Type || a.Size != c.Files[id].Size:
			found(0, "附件 %s 的登记与时间线不符，被改动", id)
		}
	}
	return nil
}

// verifyFiles reads every attachment of a case and holds it to its hash.
func (e *Engine) verifyFiles(ctx context.Context, v *Verified) error {
	for after := ""; ; {
		list, err := e.db.EveryAttachment(ctx, after, 200)
		if err != nil || len(list) == 0 {
			return err
		}
		for _, a := range list {
			after = a.ID
			if a.State != store.AttachmentKept {
				continue
			}
			v.Files++
			found := func(message string) {
				v.Findings = append(v.Findings, Finding{CaseID: a.CaseID, Message: fmt.Sprintf("附件 %s %s", a.ID, message)})
			}
			if e.blobs == nil {
				return errNoBlobs
			}
			box, err := blob.NewBox(e.blobs, a.ID, a.Key)
			if err != nil {
				return err
			}
			switch hash, err := box.Hash(ctx, a.SHA256, a.Size); {
			case errors.Is(err, blob.ErrNone):
				found("的内容不见了")
			case errors.Is(err, blob.ErrDamaged), err == nil && hash != a.SHA256:
				found("的内容被改动或已损坏")
			case err != nil:
				return err
			}
		}
	}
}

func (e *Engine) verifyAnchors(ctx context.Context, v *Verified) error {
	anchors, err := e.db.Anchors(ctx, 100000)
	if err != nil {
		return err
	}
	v.Anchors = len(anchors)
	if made, err := e.db.AnchorsMade(ctx); err != nil {
		return err
	} else if int64(len(anchors)) < made {
		v.Findings = append(v.Findings, Finding{Message: fmt.Sprintf("每日锚定应有 %d 次，只有 %d 次，有锚定被删除", made, len(anchors))})
	}
	previous := ""
	for i := len(anchors) - 1; i >= 0; i-- { // oldest first
		a := anchors[i]
		heads, err := e.db.AnchoredHeads(ctx, a.ID)
		if err != nil {
			return err
		}
		hash := previous
		for _, h := range heads {
			hash = casework.ChainHash(hash, fmt.Appendf(nil, "%s %d %s", h.CaseID, h.Seq, h.Hash))
		}
		day := a.MadeAt.In(shanghai).Format("2006-01-02")
		if hash != a.Hash || len(heads) != a.Heads {
			v.Findings = append(v.Findings, Finding{Message: day + " 的每日锚定记录被改动"})
		}
		previous = a.Hash
		for _, h := range heads {
			stored, err := e.db.EventHash(ctx, h.CaseID, h.Seq)
			if err != nil {
				return err
			}
			if stored != h.Hash {
				v.Findings = append(v.Findings, Finding{CaseID: h.CaseID, Seq: h.Seq, Message: fmt.Sprintf("第 %d 条与 %s 的锚定记录不符，时间线被整条改写或删除", h.Seq, day)})
			}
		}
	}
	return nil
}

// Anchor notes the heads of all timelines that moved since the last time, once a day. It gives the anchor when it made one;
// the caller logs it, so that a copy stands outside the database.
func (e *Engine) Anchor(ctx context.Context) (a store.Anchor, made bool, err error) {
	k, err := e.Knowledge(ctx)
	if err != nil {
		return a, false, err
	}
	now := e.Now(k)
	local := now.In(shanghai)
	midnight := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, shanghai)
	last, err := e.db.LastAnchor(ctx)
	if err != nil || !last.UntilAt.Before(midnight) {
		return a, false, err
	}
	err = e.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		a, made, err = tx.MakeAnchor(ctx, last, newID(), now, now)
		return err
	})
	return a, made, err
}
