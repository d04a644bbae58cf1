//go:build !race

package api

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"xiaopu/server/apperr"
	"xiaopu/server/casework"
	"xiaopu/server/store/storetest"
	"xiaopu/server/workflow"
)

// situation is a case in one state, with what else the commands on it may name.
type situation struct {
	name  string
	build func(o *office) workflow.CaseView
}

// Every state of domain §3, and the turns within it that change who may do what.
var situations = []situation{
	{"reported", (*office).reported},
	{"registered", (*office).classified},
	{"dispatched", (*office).dispatched},
	{"handling at III", (*office).handling},
	{"handling with a task", func(o *office) workflow.CaseView {
		return o.must("p-h1", o.handling(), "ask_support", fields{"department_id": "d-2", "task": "提供规划资料", "due_at": "2026-03-04T17:00:00+08:00"})
	}},
	{"verifying", (*office).verifying},
	{"resolved", (*office).resolved},
	{"resolved, dissatisfied", func(o *office) workflow.CaseView {
		c := o.resolved()
		o.must("p-r", c, "rate", fields{"rating": "dissatisfied", "words": "又坏了"})
		return ok[workflow.CaseView](o.get("p-cy", "/cases/"+c.ID))
	}},
	{"resolved, rating over", func(o *office) workflow.CaseView {
		c := o.resolved()
		return o.later("2026-03-24 10:00", c)
	}},
	{"convening at II", (*office).convening},
	{"handling at II", (*office).convened},
	{"convening at I", func(o *office) workflow.CaseView {
		return o.must("p-gc", o.convening(), "open_at_i", fields{"ground": "group_petition", "reason": "多人到街道反映"})
	}},
	{"overdue at I", func(o *office) workflow.CaseView {
		c := o.must("p-gc", o.convening(), "open_at_i", fields{"ground": "group_petition", "reason": "多人到街道反映"})
		return o.later("2026-03-12 10:00", c)
	}},
	{"merged", func(o *office) workflow.CaseView {
		a, b := o.classified(), o.handling()
		o.must("p-cy", a, "merge", fields{"target_id": b.ID})
		return ok[workflow.CaseView](o.get("p-cy", "/cases/"+a.ID))
	}},
	{"rejected", func(o *office) workflow.CaseView {
		return o.must("p-cy", o.reported(), "reject", fields{"reason": "不属于难事"})
	}},
	{"closed", func(o *office) workflow.CaseView {
		c := o.later("2026-03-24 10:00", o.resolved())
		return o.must("p-pl", c, "strike_off", fields{"decision": "同意销项"})
	}},
}

// fitting gives each command what it must carry. target is a task, order or ticket that the actor may give it on.
func fitting(name casework.Name, target, otherCase, otherTicket, person, due string) fields {
	reason := fields{"reason": "情况说明"}
	switch name {
	case "classify":
		return fields{"domain": "business", "scope": "common", "reach": "cross", "grid_id": "g-1"}
	case "assign":
		if person == "p-h1" {
			return fields{"handler_id": "p-w1"}
		}
		return fields{"coordinator_id": "p-co"}
	case "attach":
		return fields{"ticket_id": otherTicket}
	case "detach":
		return fields{"ticket_id": target, "reason": "不是同一事项"}
	case "merge":
		return fields{"target_id": otherCase}
	case "dispatch":
		return fields{"lead_department_id": "d-1"}
	case "transfer":
		return fields{"lead_department_id": "d-2", "reason": "职责在该部门"}
	case "claim", "accept":
		return fields{"handler_id": map[string]string{"p-h2": "p-w2", "p-h3": "p-h3"}[person] + map[bool]string{true: "p-w1"}[person != "p-h2" && person != "p-h3"]}
	case "take", "remind", "register":
		return fields{}
	case "open_at_i":
		return fields{"ground": "group_petition", "reason": "多人到街道反映"}
	case "return":
		return fields{"reason": "不属本部门", "duty_item": "权责清单第一条", "suggested_department_id": "d-2"}
	case "coordinate":
		return fields{"opinion": "请两部门协同"}
	case "contact":
		return fields{"reached": true, "at": "2026-03-02T09:30:00+08:00", "said": "已致电"}
	case "ask_support":
		return fields{"department_id": "d-3", "task": "提供资料", "due_at": "2026-03-05T10:00:00+08:00"}
	case "accept_task":
		return fields{"task_id": target}
	case "finish_task":
		return fields{"task_id": target, "result": "已完成"}
	case "decline_task", "withdraw_task":
		return fields{"task_id": target, "reason": "情况变化"}
	case "progress":
		return fields{"text": "已约谈", "public": true}
	case "convene":
		return fields{"minutes": "纪要", "lead_department_id": "d-1", "handler_id": "p-w1", "leader_id": "p-h1", "plan": "方案", "members": []fields{{"person_id": "p-w2", "duty": "资料", "due_at": due}}}
	case "amend":
		return fields{"plan": "调整后的方案", "reason": "情况变化"}
	case "submit":
		return fields{"result": "已整改", "outcome": "solved", "evidence": []string{"照片"}}
	case "ask_onsite":
		return fields{"question": "是否整改到位", "due_at": "2026-03-03T17:00:00+08:00"}
	case "verify_pass":
		return fields{"finding": "属实", "outcome": "solved"}
	case "verify_fail":
		return fields{"finding": "仍有油烟"}
	case "rate":
		return fields{"ticket_id": target, "rating": "satisfied"}
	case "confirm_dissatisfaction", "dismiss_dissatisfaction":
		return fields{"record": "电话回访"}
	case "strike_off", "carry_over":
		return fields{"decision": "会议决定"}
	case "hold_over":
		return fields{"target_on": "2026-04-30", "reason": "待上级支持"}
	case "supervise":
		return fields{"text": "请说明进展", "due_at": "2026-06-30T17:00:00+08:00"}
	case "answer":
		return fields{"order_id": target, "answer": "已督促"}
	}
	return reason
}

// Every person on every command in every state, over HTTP: what is out of scope does not exist, what the table does not allow
// is refused with what is possible, and what it allows happens. The pure table itself is docs/state-machine.md.
func TestRoleScopeCommandMatrix(t *testing.T) {
	if testing.Short() {
		t.Skip("some ten thousand requests")
	}
	var done, refusals, hidden int
	for _, s := range situations {
		t.Run(s.name, func(t *testing.T) {
			o := newOffice(t)
			// The first case of the street is another one, at the highest tier: merge and attach need something beside the case.
			other := o.must("p-gc", o.convening(), "open_at_i", fields{"ground": "group_petition", "reason": "多人到街道反映"})
			order := o.ticketed("H-OTHER")
			v := s.build(o)
			restore := o.snapshot(t)
			k, err := o.engine.Knowledge(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			l, err := o.db.Case(t.Context(), v.ID)
			if err != nil {
				t.Fatal(err)
			}
			beside, err := o.db.Case(t.Context(), other.ID)
			if err != nil {
				t.Fatal(err)
			}
			due := "2026-03-13T17:00:00+08:00"
			if v.Clock != nil && !v.Clock.Overdue {
				due = v.Clock.DueAt.Format(time.RFC3339)
			}
			for _, p := range street().People {
				if p.Left {
					continue
				}
				actor, _, err := o.engine.Actor(t.Context(), p.ID)
				if err != nil {
					t.Fatal(err)
				}
				sight := casework.See(l.Case, actor)
				env := casework.Env{Now: o.clock(), Calendar: k.Calendar, Policy: k.PolicyAt(o.clock())}
				allowed := map[casework.Name]casework.Allowed{}
				for _, a := range casework.AllowedCommands(l.Case, actor, env) {
					allowed[a.Name] = a
				}
				read := o.get(p.ID, "/cases/"+v.ID)
				switch {
				case !may(actor, caseRead):
					read.refused(http.StatusForbidden, "auth.denied")
				case sight == casework.Unseen:
					read.refused(http.StatusNotFound, "case.not_found")
				default:
					if got := ok[workflow.CaseView](read); len(got.Allowed) != len(allowed) || got.Masked != (sight == casework.Masked) {
						t.Errorf("%s is told %v, the table says %d commands; masked %v", p.ID, allowedNames(got), len(allowed), got.Masked)
					}
				}
				for _, name := range casework.Names() {
					if slices.Contains(systemOnly, name) {
						continue
					}
					a, permitted := allowed[name]
					target := "nothing"
					if len(a.Targets) > 0 {
						target = a.Targets[0]
					} else if name == "detach" {
						for id := range l.Case.Tickets {
							target = id
						}
					}
					answer := o.do(p.ID, v, name, fitting(name, target, other.ID, order.ID, p.ID, due))
					switch {
					case !may(actor, caseCommand):
						answer.refused(http.StatusForbidden, "auth.denied")
						refusals++
					case sight == casework.Unseen, sight == casework.Masked && name != "claim",
						permitted && name == "merge" && casework.See(beside.Case, actor) < casework.AsRequester: // nor does a target that they do not see
						answer.refused(http.StatusNotFound, "case.not_found")
						hidden++
					case !permitted:
						var problem Problem
						if err := json.Unmarshal(answer.body, &problem); err != nil || answer.status != http.StatusConflict || problem.Code != apperr.FailedPrecondition || problem.Allowed == nil {
							t.Errorf("%s gives %s: %d %s, want a refusal that lists what is possible", p.ID, name, answer.status, answer.body)
						}
						refusals++
					default:
						if answer.status != http.StatusOK {
							t.Errorf("%s may %s, and is answered %d %s", p.ID, name, answer.status, answer.body)
							break
						}
						done++
						restore()
					}
				}
			}
		})
	}
	t.Logf("%d commands done, %d refused, %d hidden", done, refusals, hidden)
}

// snapshot gives a function that puts the database back to what it is now.
func (o *office) snapshot(t *testing.T) (restore func()) {
	t.Helper()
	raw := storetest.Raw(t, o.dsn)
	raw.SetMaxOpenConns(1)
	path := filepath.Join(t.TempDir(), "snapshot.db")
	run := func(e interface {
		ExecContext(ctx context.Context, text string, args ...any) (sql.Result, error)
	}, text string, args ...any) {
		t.Helper()
		if _, err := e.ExecContext(context.Background(), text, args...); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
	run(raw, `VACUUM INTO ?`, path)
	run(raw, `ATTACH DATABASE ? AS snapshot`, path)
	run(raw, `PRAGMA busy_timeout = 5000`)
	rows, err := raw.QueryContext(context.Background(), `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'`)
	if err != nil {
		t.Fatal(err)
	}
	var tables []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		tables = append(tables, name)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	_ = rows.Close()
	var text strings.Builder
	for _, name := range tables {
		fmt.Fprintf(&text, "DELETE FROM main.%s; INSERT INTO main.%s SELECT * FROM snapshot.%s;\n", name, name, name)
	}
	return func() {
		t.Helper()
		run(raw, "BEGIN IMMEDIATE; "+text.String()+"COMMIT")
	}
}
