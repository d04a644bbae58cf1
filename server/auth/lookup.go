package auth

import (
	"context"
	"fmt"
	"strings"
	"time"

	"xiaopu/server/apperr"
	"xiaopu/server/store"
	"xiaopu/server/ticket"
	"xiaopu/server/workday"
	"xiaopu/server/workflow"
)

// The limits of looking up order numbers. A hotline's number is a time, so that one can be guessed: what keeps others out is how rarely one may try.
const (
	lookupsPerDay     = 5  // of one WeChat account on a day in Shanghai (domain §5)
	missesPerAddress  = 60 // numbers not found, from one address; mobile networks put many people behind one
	lookupsPerAddress = 600
	lookupWindow      = time.Hour
)

var (
	errLookupNothing = apperr.New(apperr.NotFound, "lookup.nothing", "没有查到：请核对工单号和反映的渠道。没有列入街道难事办理的工单，这里查不到，请向原渠道（如 12345）查询；绑定反映时用的手机号可以看到自己的全部事项。")
	errLookupDay     = fmt.Sprintf("今天已查询 %d 次，请明天再试；绑定反映时用的手机号，可以随时查看自己的事项。", lookupsPerDay)
)

// Lookup is what somebody learns who knows an order number.
type Lookup struct {
	workflow.Progress

	Left int `json:"left" doc:"今天还可以查询几次"`
}

// LookUp tells a resident, with or without a bound phone, how far the matter of an order number has come. Each try counts, also of a number that
// there is not. A number that nobody has, one in no case, and one whose case is not in the library are answered with the same errLookupNothing, after
// the same reads but that of the case. resource_exhausted lookup.limit for the sixth try of a day, auth.too_many for an address that tries too much.
//
// A number of our own needs no right source: nobody knows what its ticket counts as.
//
// The tries of a person are counted in the database: a restart, another process or Redis away give nobody more. Those of an address are in the cache,
// and begin anew when it is lost.
func (s *Service) LookUp(ctx context.Context, personID string, source ticket.Source, orderNo string) (out Lookup, err error) {
	address := s.db.Sealer().Blind("address", network(workflow.OriginOf(ctx).Address))
	busy := func(left time.Duration) error {
		return wait("auth.too_many", "您所在的网络短时间内查询过多，请稍后再试。", left)
	}
	if n, left := s.cache.Counted(ctx, "lookup:miss:"+address); n >= missesPerAddress {
		return out, busy(left)
	}
	if ok, left := s.cache.Allow(ctx, "lookup:address:"+address, lookupsPerAddress, lookupWindow); !ok {
		return out, busy(left)
	}
	account, err := s.lookupAccount(ctx, personID)
	if err != nil {
		return out, err
	}
	orderNo = ticket.BareOrder(strings.Join(strings.Fields(orderNo), ""))
	sources := []ticket.Source{source}
	if own := strings.ToUpper(orderNo); workflow.OwnNumber(own) {
		orderNo, sources = own, ticket.Sources
	}
	today := workday.DateOf(s.clock())
	var found store.OrderedCase
	var taken, there bool
	err = s.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) (err error) {
		var n int
		if n, taken, err = tx.TakeLookup(ctx, account, today.String(), lookupsPerDay); err != nil {
			return err
		}
		entry := workflow.Audited{Actor: personID, Action: "order.lookup"}
		if !taken {
			if !s.cache.Claim(ctx, "lookup:limit:"+account, 24*time.Hour) {
				return nil // said once a day, so that nobody fills the audit log
			}
			entry.Outcome = "lookup.limit"
			return s.engine.RecordIn(ctx, tx, entry)
		}
		out.Left = lookupsPerDay - n
		if found, there, err = tx.CaseOfOrder(ctx, orderNo, sources...); err != nil {
			return err
		}
		if there = there && workflow.InLibrary(found.Status); there {
			entry.Object = "ticket:" + found.TicketID
		} else {
			entry.Outcome = errLookupNothing.Reason
		}
		return s.engine.RecordIn(ctx, tx, entry)
	})
	switch {
	case err != nil:
		return Lookup{}, err
	case !taken:
		return Lookup{}, wait("lookup.limit", errLookupDay, today.AddDays(1).At(0).Sub(s.clock()))
	}
	if there {
		out.Progress, there, err = s.engine.Progress(ctx, found.CaseID)
	}
	switch {
	case err != nil:
		return Lookup{}, err
	case !there:
		s.cache.Count(ctx, "lookup:miss:"+address, lookupWindow)
		return Lookup{}, errLookupNothing
	}
	return out, nil
}

// lookupAccount is under what somebody's tries are counted: the WeChat account, which outlives the resident's account that is erased and made anew.
func (s *Service) lookupAccount(ctx context.Context, personID string) (string, error) {
	i, ok, err := s.identityOf(ctx, personID)
	if err != nil || !ok {
		return s.db.Sealer().Blind("look-up", personID), err // of the demonstration's residents, who have no WeChat
	}
	return store.OpenIDIndex(s.db.Sealer(), i.OpenID), nil
}
