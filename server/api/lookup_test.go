package api

import (
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"xiaopu/server/auth"
	"xiaopu/server/cache"
	"xiaopu/server/casework"
	"xiaopu/server/ticket"
	"xiaopu/server/workflow"
)

// visitor is somebody who came in through WeChat and has bound no phone.
func (o *weChatOffice) visitor(phone string) (access string) {
	o.t.Helper()
	return ok[WeChatProgress](o.from(home, "", http.MethodPost, "/auth/wechat/bind/visitor", fields{"bind_ticket": o.ticket(phone, auth.AsResident), "privacy_version": auth.ShippedNotice})).Tokens.AccessToken
}

func (o *weChatOffice) lookUp(address, access, orderNo string) answer {
	o.t.Helper()
	return o.from(address, access, http.MethodPost, "/orders/look-up", fields{"source": "hotline", "order_no": orderNo})
}

// What a visitor learns of a case in each state: the state in plain words, the promised date, and nothing else.
func TestLookingUpAnOrderNumberTellsStateAndPromise(t *testing.T) {
	due := time.Date(2026, 3, 5, 9, 0, 0, 0, time.UTC) // 17:00 of the third working day
	for name, c := range map[string]struct {
		make func(o *weChatOffice) (orderNo string)
		want auth.Lookup
	}{
		"registered": {
			func(o *weChatOffice) string { return "H-" + o.classified().Number },
			auth.Lookup{Progress: workflow.Progress{Status: casework.Registered, Text: "已列入街道难事办理，正在安排承办部门。"}},
		},
		"handling": {
			func(o *weChatOffice) string { return "H-" + o.handling().Number },
			auth.Lookup{Progress: workflow.Progress{Status: casework.Handling, Text: "承办部门正在办理。承诺 3月5日 17:00 前办结。", PromisedAt: due}},
		},
		"late: the first promise was broken, before any sweep": {
			func(o *weChatOffice) string {
				c := o.handling()
				o.at("2026-03-06 10:00")
				return "H-" + c.Number
			},
			auth.Lookup{Progress: workflow.Progress{
				Status: casework.Convening, Text: "正在由多个部门会商。原承诺 3月5日 17:00 前办结，没有做到，已提高一级办理。承诺 3月12日 17:00 前办结。", PromisedAt: due.AddDate(0, 0, 7), Late: true,
			}},
		},
		"late: overdue at tier I": {
			func(o *weChatOffice) string {
				c := o.later("2026-03-24 10:00", o.handling())
				return "H-" + c.Number
			},
			auth.Lookup{Progress: workflow.Progress{
				Status: casework.Convening, Late: true, PromisedAt: due.AddDate(0, 0, 14),
				Text: "正在由多个部门会商。原承诺 3月12日 17:00 前办结，没有做到，已提高一级办理。承诺 3月19日 17:00 前办结，已超过 3 个工作日，正在督促办理。",
			}},
		},
		"verifying": {
			func(o *weChatOffice) string { return "H-" + o.verifying().Number },
			auth.Lookup{Progress: workflow.Progress{Status: casework.Verifying, Text: "承办部门已提交办理结果，正在核查。承诺 3月5日 17:00 前办结。", PromisedAt: due}},
		},
		"resolved": {
			func(o *weChatOffice) string { return "H-" + o.resolved().Number },
			auth.Lookup{Progress: workflow.Progress{Status: casework.Resolved, Text: "已办结。"}},
		},
		"closed": {
			func(o *weChatOffice) string {
				c := o.later("2026-03-24 10:00", o.resolved())
				return "H-" + o.must("p-pl", c, "strike_off", fields{"decision": "同意销项"}).Number
			},
			auth.Lookup{Progress: workflow.Progress{Status: casework.Closed, Text: "已办结并销项。"}},
		},
		"merged: as the other": {
			func(o *weChatOffice) string {
				source, target := o.classified(), o.handling()
				o.must("p-cy", source, "merge", fields{"target_id": target.ID})
				return "H-" + source.Number
			},
			auth.Lookup{Progress: workflow.Progress{Status: casework.Handling, Text: "承办部门正在办理。承诺 3月5日 17:00 前办结。", PromisedAt: due}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := newWeChatOffice(t, auth.DefaultSettings)
			no := c.make(o)
			a := o.lookUp(home, o.visitor("thief"), no)
			c.want.Left = 4
			got := ok[auth.Lookup](a)
			got.PromisedAt = got.PromisedAt.UTC()
			if got != c.want {
				t.Errorf("\n%+v\n%+v", got, c.want)
			}
			for _, secret := range []string{"春江花园", "138", "沈", "p-w1", "d-1", "NS2026", no, "扰民"} {
				if strings.Contains(string(a.body), secret) {
					t.Errorf("it tells %q: %s", secret, a.body)
				}
			}
		})
	}
}

// A promise that a notice not yet published can move says so.
func TestLookingUpTellsProvisionalPromises(t *testing.T) {
	o := newWeChatOffice(t, auth.DefaultSettings)
	o.at("2026-12-30 10:00")
	no := "H-" + o.handling().Number
	got := ok[auth.Lookup](o.lookUp(home, o.visitor(residentPhone), no))
	if !got.Provisional || got.Late || !strings.Contains(got.Text, "暂定") {
		t.Errorf("%+v", got)
	}
}

// Whoever guesses numbers learns nothing but that there is nothing to be learnt, and has five guesses a day, however they go about it.
func TestGuessingOrderNumbers(t *testing.T) {
	eachWeChatOffice(t, auth.DefaultSettings, func(t *testing.T, o *weChatOffice) {
		rejected := o.must("p-cy", o.classified(), "reject", fields{"reason": "不属于难事"})
		alone := o.ticketed("20260302090001")
		o.takeIn("云山路", 1, 1, func(t *ticket.Ticket) { t.Cross = []ticket.Crossing{ticket.CrossDepartment} })
		if v := ok[workflow.Page[workflow.TicketView]](o.get("p-cy", "/tickets?order_no=云山路-1")); v.Items[0].CaseID == "" || ok[workflow.CaseView](o.get("p-cy", "/cases/"+v.Items[0].CaseID)).Status != casework.Reported {
			t.Fatalf("%+v", v)
		}
		there := "H-" + o.handling().Number
		guesser := o.visitor("thief")
		answers := map[string]bool{}
		for _, no := range []string{"20260101000000", "H-" + rejected.Number, alone.OrderNo, "云山路-1"} {
			a := o.lookUp(home, guesser, no)
			p := a.refused(http.StatusNotFound, "lookup.nothing")
			answers[p.Message+p.Title+string(p.Code)] = true
		}
		if len(answers) != 1 {
			t.Errorf("answers differ: %v", answers)
		}
		if got := ok[auth.Lookup](o.lookUp(home, guesser, there)); got.Left != 0 {
			t.Errorf("%+v", got)
		}
		// The sixth is refused, of a number that is there as of one that is not, and so after coming back and from elsewhere.
		again := func(access, address string) {
			t.Helper()
			for _, no := range []string{there, "20260101000000"} {
				p := o.lookUp(address, access, no).refused(http.StatusTooManyRequests, "lookup.limit")
				if !strings.Contains(p.Message, "明天") {
					t.Error(p.Message)
				}
			}
		}
		again(guesser, home)
		again(guesser, "198.51.100.9")
		ok[auth.Erasure](o.as(guesser, http.MethodPost, "/me/erasure", fields{"code": o.sim.Login("thief")}))
		guesser = o.visitor("thief")
		again(guesser, home)
		o.restart()
		again(guesser, home)
		o.at("2026-03-02 23:59")
		guesser = ok[WeChatProgress](o.open("thief", auth.AsResident)).Tokens.AccessToken
		again(guesser, home)
		o.at("2026-03-03 00:00")
		guesser = ok[WeChatProgress](o.open("thief", auth.AsResident)).Tokens.AccessToken
		if got := ok[auth.Lookup](o.lookUp(home, guesser, there)); got.Left != 4 {
			t.Errorf("%+v", got)
		}
	})
}

// restart makes everything anew that a process keeps in memory.
func (o *weChatOffice) restart() {
	o.t.Helper()
	memory, err := cache.New(cache.Options{Clock: o.clock})
	if err != nil {
		o.t.Fatal(err)
	}
	o.signIn = auth.New(auth.Options{
		DB: o.db, Engine: o.engine, Cache: memory, Signer: o.signer, Clock: o.clock, Settings: auth.DefaultSettings, WeChat: o.client, HashCost: auth.HashCost{MemoryKiB: 64, Passes: 1, Lanes: 1},
	})
	o.handler = NewHandler(Options{Engine: o.engine, Signer: o.signer, SignIn: o.signIn, Version: "test", Clock: o.clock, Cache: memory, Logger: slog.New(slog.DiscardHandler)})
}

// A number of our own is found whatever source is chosen: who was given it does not know what its ticket counts as.
func TestLookingUpANumberOfOurOwn(t *testing.T) {
	o := newWeChatOffice(t, auth.DefaultSettings)
	own := ok[workflow.TicketTaken](o.post("p-cy", "/tickets", fields{"source": "petition", "content": "楼道的灯坏了三天，老人看不见台阶。"})).Ticket
	c := o.classified()
	o.must("p-cy", c, "attach", fields{"ticket_id": own.ID})
	visitor := o.visitor("thief")
	for _, no := range []string{own.OrderNo, " " + strings.ToLower(own.OrderNo)} {
		ok[auth.Lookup](o.lookUp(home, visitor, no)) // as of the hotline
	}
	o.lookUp(home, visitor, "XF"+own.OrderNo).refused(http.StatusNotFound, "lookup.nothing")
}

// Fifty at once are still five.
func TestGuessingOrderNumbersAtOnce(t *testing.T) {
	eachWeChatOffice(t, auth.DefaultSettings, func(t *testing.T, o *weChatOffice) {
		guesser := o.visitor("thief")
		var looked, refused atomic.Int64
		var all sync.WaitGroup
		for i := range 50 {
			all.Go(func() {
				switch a := o.lookUp(home, guesser, fmt.Sprintf("202601010000%02d", i)); a.status {
				case http.StatusNotFound:
					looked.Add(1)
				case http.StatusTooManyRequests:
					refused.Add(1)
				default:
					t.Errorf("%d %s", a.status, a.body)
				}
			})
		}
		all.Wait()
		if looked.Load() != 5 || refused.Load() != 45 {
			t.Errorf("%d looked, %d refused", looked.Load(), refused.Load())
		}
		if n := len(o.audited("order.lookup")); n != 6 {
			t.Errorf("%d in the audit log: five tries and one refusal", n)
		}
	})
}

// Many accounts behind one address are stopped by the address; others are not.
func TestGuessingOrderNumbersWithManyAccounts(t *testing.T) {
	o := newWeChatOffice(t, auth.DefaultSettings)
	there := "H-" + o.handling().Number
	owner := o.visitor(residentPhone)
	const crowd = "198.51.100.7"
	for i := range 12 {
		phone := fmt.Sprintf("crowd-%d", i)
		o.sim.AddPhone(phone, "", fmt.Sprintf("137000000%02d", i), "")
		guesser := o.visitor(phone)
		for j := range 5 {
			o.lookUp(crowd, guesser, fmt.Sprintf("20260101%02d00%02d", i, j)).refused(http.StatusNotFound, "lookup.nothing")
		}
	}
	o.lookUp(crowd, owner, there).refused(http.StatusTooManyRequests, "auth.too_many")
	ok[auth.Lookup](o.lookUp(home, owner, there))
	o.pass(time.Hour)
	owner = ok[WeChatProgress](o.open(residentPhone, auth.AsResident)).Tokens.AccessToken
	ok[auth.Lookup](o.lookUp(crowd, owner, there))
}

// Nobody looks up who is not signed in as a resident, and no source or number that is none gets as far as being counted.
func TestWhoLooksUpOrderNumbers(t *testing.T) {
	o := newWeChatOffice(t, auth.DefaultSettings)
	o.lookUp(home, "", "20260101000000").refused(http.StatusUnauthorized, "auth.no_token")
	for _, who := range []string{"p-h1", "p-cy", "p-sa", "p-au"} {
		o.post(who, "/orders/look-up", fields{"source": "hotline", "order_no": "20260101000000"}).refused(http.StatusForbidden, "auth.denied")
	}
	visitor := o.visitor(residentPhone)
	for _, bad := range []fields{{"source": "x", "order_no": "20260101000000"}, {"source": "hotline", "order_no": "1"}, {"source": "hotline"}, {"order_no": "20260101000000"}} {
		if a := o.as(visitor, http.MethodPost, "/orders/look-up", bad); a.status != http.StatusBadRequest {
			t.Errorf("%d %s", a.status, a.body)
		}
	}
	// With “12345” in front and spaces in between it is the same number; and the demonstration's residents are counted too.
	o.ticketed("20260302090001")
	c := o.must("p-cy", o.reported(), "register", nil)
	o.must("p-cy", c, "attach", fields{"ticket_id": ok[workflow.Page[workflow.TicketView]](o.get("p-cy", "/tickets?order_no=20260302090001")).Items[0].ID})
	if got := ok[auth.Lookup](o.lookUp(home, visitor, " 12345 20260302 090001")); got.Left != 4 {
		t.Errorf("%+v", got)
	}
	for left := 4; left >= 0; left-- {
		if got := ok[auth.Lookup](o.post("p-r", "/orders/look-up", fields{"source": "hotline", "order_no": "20260302090001"})); got.Left != left {
			t.Errorf("%+v", got)
		}
	}
	o.post("p-r", "/orders/look-up", fields{"source": "hotline", "order_no": "20260302090001"}).refused(http.StatusTooManyRequests, "lookup.limit")
}
