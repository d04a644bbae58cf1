package workflow

import (
	"slices"

	"xiaopu/server/casework"
	"xiaopu/server/live"
	"xiaopu/server/store"
)

// announce tells who sees the case, or saw it until now, that it has changed, once that is committed.
func (w *writer) announce(before casework.Case, d casework.Decision) {
	if w.live == nil || len(d.Events) == 0 {
		return
	}
	c := live.Change{
		Kind: live.Case, CaseID: d.Case.ID, Number: d.Case.Number, Version: d.Case.Version, Claimable: claimable(before) || claimable(d.Case),
		Public: slices.ContainsFunc(d.Events, func(e casework.Event) bool { return e.Public }),
	}
	for _, of := range []casework.Case{before, d.Case} {
		for _, v := range casework.Viewers(of) {
			if !slices.Contains(c.Keys, string(v)) {
				c.Keys = append(c.Keys, string(v))
			}
		}
	}
	w.tx.AfterCommit(func() { w.live.Announce(c) })
}

// claimable: what casework.See shows, masked, to every department head.
func claimable(c casework.Case) bool {
	return c.Status == casework.Registered || c.Status == casework.Convening
}

func (w *writer) announceNotices(of casework.Case, rows []store.InboxRow) {
	if w.live == nil || len(rows) == 0 {
		return
	}
	c := live.Change{Kind: live.Inbox, CaseID: of.ID, Number: of.Number}
	for _, r := range rows {
		c.Keys = append(c.Keys, r.Recipient)
	}
	w.tx.AfterCommit(func() { w.live.Announce(c) })
}

// LiveScope is what somebody hears of.
func LiveScope(a casework.Actor) live.Scope {
	s := live.Scope{All: a.SeesAll(), Cases: map[string]bool{}, Inbox: map[string]bool{}}
	for _, k := range casework.Scopes(a) {
		s.Cases[string(k)] = true
	}
	for _, k := range inboxKeys(a) {
		s.Inbox[k] = true
	}
	s.Claims = slices.ContainsFunc(a.Posts, func(p casework.Post) bool { return p.Role == casework.DepartmentHead })
	return s
}
