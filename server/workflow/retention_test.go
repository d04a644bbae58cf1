package workflow_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"xiaopu/server/casework"
	"xiaopu/server/store"
	"xiaopu/server/store/storetest"
	"xiaopu/server/ticket"
	"xiaopu/server/workflow"
)

func (w *world) take(list ...ticket.Ticket) {
	w.t.Helper()
	if _, err := w.e.TakeIn(context.Background(), list, nil); err != nil {
		w.t.Fatal(err)
	}
}

// complaint is a ticket of 欧阳佳慧's, closed at its source unless changed.
func (w *world) complaint(orderNo string, change func(*ticket.Ticket)) ticket.Ticket {
	closed := w.clock()
	t := ticket.Ticket{
		Source: ticket.Hotline, OrderNo: orderNo, Title: "漏水", Content: "欧阳佳慧13812345678，12号302室漏水", Address: "望舒路100弄12号302室", Community: "望舒苑" + orderNo[len(orderNo)-2:], Category: [5]string{"房屋"}, // each at a place of its own
		Requester: ticket.Requester{Kind: ticket.Person, Name: "欧阳佳慧", Phone: "13812345678", IDNumber: "310120198001011239"}, AcceptedAt: w.clock().Add(-time.Hour), AcceptedHasTime: true,
		ClosedAt: &closed, ReassignedColumn: -1, ReturnedColumn: -1, Fingerprint: "f-" + orderNo, Raw: []ticket.Cell{{Header: "联系电话", Text: "13812345678"}},
	}
	if change != nil {
		change(&t)
	}
	return t
}

func (w *world) retain(run workflow.RetentionRun) store.Certificate {
	w.t.Helper()
	c, err := w.e.Retain(context.Background(), run)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

func counts(c store.Certificate) string {
	var parts []string
	for _, r := range c.Rules {
		parts = append(parts, fmt.Sprintf("%s %d", r.Rule, r.Count))
	}
	return strings.Join(parts, ", ")
}

func (w *world) named(orderNo string) bool {
	w.t.Helper()
	t := w.ticket(orderNo).Ticket
	return strings.Contains(fmt.Sprintf("%+v", t), "欧阳佳慧") || t.Requester.Phone != ""
}

func TestPersonalDataIsErasedWhenItsTimeIsOver(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		ctx := context.Background()
		byCommand := workflow.RetentionRun{Occasion: store.ByCommand}
		w.take(
			w.complaint("20260301080001", nil),                                                                     // in no case, closed
			w.complaint("20260301080002", func(t *ticket.Ticket) { t.ClosedAt = nil }),                             // in no case, open
			w.complaint("20260301080003", func(t *ticket.Ticket) { t.Satisfaction = ticket.Dissatisfied }),         // in a case that is handled
			w.complaint("20260301080004", func(t *ticket.Ticket) { t.Reassignments, t.ReassignedColumn = nil, 5 }), // in a case that is closed later
		)
		if c := w.retain(byCommand); c.Number != "" {
			t.Errorf("something is erased at once: %s", counts(c))
		}
		w.at("2026-05-31 11:00") // 90 days later
		dry := w.retain(workflow.RetentionRun{Occasion: store.ByCommand, DryRun: true})
		if counts(dry) != "row 4, case 0, ticket 0, file 0, request 0" || dry.Number != "" {
			t.Errorf("would erase %s", counts(dry))
		}
		first := w.retain(byCommand)
		if counts(first) != "row 4, case 0, ticket 0, file 0, request 0" || first.Number != "SC2026-000001" || first.FinishedAt.IsZero() {
			t.Errorf("%+v", first)
		}
		for _, no := range []string{"20260301080001", "20260301080004"} {
			if got := w.ticket(no).Ticket; len(got.Raw) > 0 || got.Requester.Name != "欧阳佳慧" {
				t.Errorf("%+v", got)
			}
		}
		if again := w.retain(byCommand); again.Number != "" {
			t.Errorf("a second run erases %s", counts(again))
		}

		// The fourth ticket's case is rejected, which is no case; the third's goes on.
		w.must(w.caseOf("20260301080004"), "p-cy", casework.Reject{Reason: "重复登记"})
		w.at("2029-03-02 11:00") // three years after the first was closed
		timelines := dumpOf(t, w, "20260301080003") + dumpOf(t, w, "20260301080004")
		second := w.retain(byCommand)
		if counts(second) != "row 0, case 0, ticket 2, file 0, request 0" || second.Number != "SC2029-000001" {
			t.Errorf("%s %s", second.Number, counts(second))
		}
		for no, want := range map[string]bool{"20260301080001": false, "20260301080002": true, "20260301080003": true, "20260301080004": false} {
			if w.named(no) != want {
				t.Errorf("ticket %s names its person: %v", no, !want)
			}
		}
		gone := w.ticket("20260301080001")
		if gone.Requester != "" || gone.Ticket.Content != "诉求人138****5678，12号***室漏水" || gone.Ticket.Address != "望舒路100弄12号***室" {
			t.Errorf("%+v", gone)
		}
		page, err := w.e.SearchTickets(ctx, w.actor("p-cy"), workflow.TicketSearch{IDNumber: "310120198001011239", Limit: 10}, func(int) error { return nil })
		if err != nil || len(page.Items) != 2 {
			t.Errorf("%d tickets are found by ID number, %v", len(page.Items), err)
		}
		if now := dumpOf(t, w, "20260301080003") + dumpOf(t, w, "20260301080004"); now != timelines {
			t.Error("a timeline was touched")
		}
		if v, err := w.e.Verify(ctx); err != nil || len(v.Findings) > 0 {
			t.Errorf("%+v %v", v.Findings, err)
		}

		// What an export brings again does not bring the person back.
		w.take(w.complaint("20260301080001", func(t *ticket.Ticket) { t.Fingerprint, t.Reply = "f-changed", "已答复欧阳佳慧" }))
		if w.named("20260301080001") || !strings.Contains(w.ticket("20260301080001").Ticket.Reply, "已答复诉求人") {
			t.Errorf("%+v", w.ticket("20260301080001").Ticket)
		}

		c, agrees, err := w.e.Certificate(ctx, "SC2029-000001")
		if err != nil || !agrees || c.Items() != 2 {
			t.Errorf("%+v %v %v", c, agrees, err)
		}
		text, err := w.e.CertificateText(ctx, c, agrees)
		if err != nil || !strings.Contains(text, "编号：SC2029-000001") || !strings.Contains(text, "| 未成难事的工单中的个人信息 | 3 年 |") || !strings.Contains(text, c.Hash) || !strings.Contains(text, "一致") {
			t.Errorf("%s %v", text, err)
		}
		entries, err := w.e.AuditLog(ctx, store.AuditFilter{Action: "retention.run", Limit: 10})
		if err != nil || len(entries) != 2 || entries[0].Object != "certificate:SC2029-000001" || entries[0].Detail["hash"] != c.Hash || entries[0].Detail["ticket"] != "2" {
			t.Errorf("%+v %v", entries, err)
		}
		if list, err := w.e.Certificates(ctx, "", 10); err != nil || len(list) != 2 || list[0].Number != "SC2029-000001" {
			t.Errorf("%+v %v", list, err)
		}
	})
}

// dumpOf is a case with its timeline as stored.
func dumpOf(t *testing.T, w *world, orderNo string) string {
	t.Helper()
	events, err := w.db.StoredEvents(context.Background(), w.caseOf(orderNo))
	if err != nil {
		t.Fatal(err)
	}
	l, err := w.db.Case(context.Background(), w.caseOf(orderNo))
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%+v %+v", events, l)
}

func TestACertificateShowsThatItsLinesWereChanged(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB, dsn string) {
		w := newWorld(t, db)
		for i := range 250 { // more than one batch
			w.take(w.complaint(fmt.Sprintf("2026030108%04d", i), nil))
		}
		w.at("2026-06-02 11:00")
		c := w.retain(workflow.RetentionRun{Occasion: store.BySchedule})
		if counts(c) != "row 250, case 0, ticket 0, file 0, request 0" {
			t.Fatal(counts(c))
		}
		if _, agrees, err := w.e.Certificate(context.Background(), c.ID); !agrees || err != nil {
			t.Fatal("a fresh one does not agree with itself", err)
		}
		if _, err := storetest.Raw(t, dsn).ExecContext(t.Context(), `DELETE FROM retention_items WHERE seq = 77`); err != nil {
			t.Fatal(err)
		}
		_, agrees, err := w.e.Certificate(context.Background(), c.ID)
		if agrees || err != nil {
			t.Error("a line was removed and nobody sees it", err)
		}
		if text, err := w.e.CertificateText(context.Background(), c, agrees); err != nil || !strings.Contains(text, "不一致") {
			t.Error(text, err)
		}
	})
}

// Several processes run at once, and one dies in the middle: each ticket is erased once and stands in one certificate.
func TestSeveralRunsEraseEachTicketOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		const n = 320
		var list []ticket.Ticket
		for i := range n {
			list = append(list, w.complaint(fmt.Sprintf("2026030108%04d", i), nil))
		}
		w.take(list...)
		w.at("2026-06-02 11:00")
		killed, kill := context.WithCancel(context.Background())
		go func() {
			time.Sleep(15 * time.Millisecond)
			kill()
		}()
		_, _ = w.e.RetainDaily(killed)
		var all sync.WaitGroup
		for range 3 {
			all.Go(func() {
				if _, err := w.e.RetainDaily(context.Background()); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		w.retain(workflow.RetentionRun{Occasion: store.ByCommand}) // what a loser left to the winner that came after it
		certificates, err := w.e.Certificates(context.Background(), "", 50)
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for _, c := range certificates {
			if c.FinishedAt.IsZero() {
				t.Errorf("%s is not finished", c.Number)
			}
			if _, agrees, err := w.e.Certificate(context.Background(), c.ID); !agrees || err != nil {
				t.Error(c.Number, agrees, err)
			}
			items, err := db.CertifiedItems(context.Background(), c.ID, 0, 1000)
			if err != nil {
				t.Fatal(err)
			}
			for _, i := range items {
				if seen[i.TicketID] {
					t.Errorf("ticket %s is certified twice", i.TicketID)
				}
				seen[i.TicketID] = true
			}
		}
		if len(seen) != n {
			t.Errorf("%d of %d are certified", len(seen), n)
		}
	})
}

func TestDailyMeansOncePerDay(t *testing.T) {
	w := newWorld(t, storetest.Open(t))
	ctx := context.Background()
	w.take(w.complaint("20260301080001", nil))
	w.at("2026-06-02 01:00")
	w.take(w.complaint("20260601080001", nil))
	first, err := w.e.RetainDaily(ctx)
	if err != nil || first.Items() != 1 {
		t.Fatalf("%+v %v", first, err)
	}
	w.at("2026-08-31 02:00")
	if c, err := w.e.RetainDaily(ctx); err != nil || c.Items() != 1 {
		t.Errorf("%+v %v", c, err)
	}
	w.take(w.complaint("20260831080001", nil))
	w.at("2026-12-01 02:00")
	if c, err := w.e.RetainDaily(ctx); err != nil || c.Items() != 1 {
		t.Errorf("%+v %v", c, err)
	}
	w.take(w.complaint("20260101080009", func(t *ticket.Ticket) { t.AcceptedAt = w.clock().AddDate(-4, 0, 0); t.ClosedAt = &t.AcceptedAt }))
	if c, err := w.e.RetainDaily(ctx); err != nil || c.Number != "" {
		t.Errorf("a second run on one day: %+v %v", c, err)
	}
	w.at("2026-12-02 02:00")
	if c, err := w.e.RetainDaily(ctx); err != nil || counts(c) != "row 0, case 0, ticket 1, file 0, request 0" {
		t.Errorf("%s %v", counts(c), err)
	}
}

func TestAPersonsDataIsErasedAtTheirRequest(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		ctx := context.Background()
		w.take(
			w.complaint("20260301080001", nil),
			w.complaint("20260301080002", func(t *ticket.Ticket) { t.Satisfaction = ticket.Dissatisfied }), // its case is open
			w.complaint("20260301080003", func(t *ticket.Ticket) { t.Requester.Phone = "13900000000" }),
		)
		for name, ask := range map[string]struct {
			workflow.ErasureRequest
			want string
		}{
			"no number":     {workflow.ErasureRequest{Reason: "本人要求"}, "search.which"},
			"both":          {workflow.ErasureRequest{Phone: "13812345678", IDNumber: "310120198001011239", Reason: "本人要求"}, "search.which"},
			"no reason":     {workflow.ErasureRequest{Phone: "13812345678", Reason: " 的 "}, "reason.missing"},
			"nobody's":      {workflow.ErasureRequest{Phone: "13811111111", Reason: "本人要求"}, "erasure.nothing"},
			"a short phone": {workflow.ErasureRequest{Phone: "138", Reason: "本人要求"}, "search.phone"},
		} {
			if _, err := w.e.EraseRequested(ctx, w.actor("p-cy"), ask.ErasureRequest, nil); reason(err) != ask.want {
				t.Errorf("%s: %v", name, err)
			}
		}
		c, err := w.e.EraseRequested(ctx, w.actor("p-cy"), workflow.ErasureRequest{Phone: "138 1234 5678", Reason: "本人13812345678书面要求"}, nil)
		if err != nil || counts(c) != "request 1, file 0, import 0" || c.Kept != 1 || c.By != "p-cy" || strings.Contains(c.Reason, "13812345678") {
			t.Fatalf("%+v %v", c, err)
		}
		if w.named("20260301080001") || !w.named("20260301080002") || !w.named("20260301080003") {
			t.Error("the wrong tickets were erased")
		}
		if _, err := w.e.EraseRequested(ctx, w.actor("p-cy"), workflow.ErasureRequest{Phone: "13812345678", Reason: "本人要求"}, nil); reason(err) != "erasure.open" {
			t.Error(err)
		}
		w.must(w.caseOf("20260301080002"), "p-cy", casework.Reject{Reason: "不属本辖区"})
		c, err = w.e.EraseRequested(ctx, w.actor("p-cy"), workflow.ErasureRequest{IDNumber: "310120198001011239", Reason: "本人要求"}, nil)
		if err != nil || counts(c) != "request 2, file 0, import 0" || c.Kept != 0 {
			t.Errorf("%+v %v", c, err)
		}
		entries, err := w.e.AuditLog(ctx, store.AuditFilter{Action: "person.erase", Limit: 10})
		if err != nil || len(entries) != 4 || !strings.HasPrefix(entries[0].Object, "identity:") || entries[0].Detail["certificate"] != c.Number {
			t.Errorf("%+v %v", entries, err)
		}
		for _, e := range entries {
			if text := fmt.Sprintf("%+v", e); strings.Contains(text, "13812345678") || strings.Contains(text, "310120198001011239") {
				t.Errorf("the audit log names the number: %s", text)
			}
		}
		if v, err := w.e.Verify(ctx); err != nil || len(v.Findings) > 0 {
			t.Errorf("%+v %v", v.Findings, err)
		}
	})
}

// A ticket's time begins with the end of its case, and not before.
func TestTheTimeBeginsWhenTheCaseIsClosed(t *testing.T) {
	w := newWorld(t, storetest.Open(t))
	ctx := context.Background()
	w.take(w.complaint("20260301080003", func(t *ticket.Ticket) { t.Satisfaction = ticket.Dissatisfied }))
	id := w.caseOf("20260301080003")
	w.must(id, "p-cy", casework.Classify{Domain: casework.Livelihood, Scope: casework.Individual, Reach: casework.SingleDepartment, GridID: "g-1"})
	w.must(id, "p-cy", casework.Dispatch{LeadDepartmentID: "d-1"})
	w.must(id, "p-h1", casework.Accept{HandlerID: "p-w1"})
	w.must(id, "p-w1", casework.Contact{Reached: true, At: w.clock(), Said: "已联系"})
	w.must(id, "p-w1", casework.Submit{Result: "已修好", Answer: "已修好", Outcome: casework.ActuallySolved, Evidence: []string{"照片"}})
	w.must(id, "p-cy", casework.VerifyPass{Finding: "属实", Outcome: casework.ActuallySolved})
	w.at("2026-04-07 10:00")
	if _, err := w.e.Sweep(ctx); err != nil {
		t.Fatal(err)
	}
	closed := w.must(id, "p-pl", casework.StrikeOff{Decision: "同意销项"})
	if closed.Status != casework.Closed {
		t.Fatal(closed.Status)
	}
	w.at("2029-04-07 09:00")
	if c := w.retain(workflow.RetentionRun{Occasion: store.ByCommand}); counts(c) != "row 1, case 0, ticket 0, file 0, request 0" {
		t.Error("an hour too early:", counts(c))
	}
	w.at("2029-04-07 10:00")
	if c := w.retain(workflow.RetentionRun{Occasion: store.ByCommand}); counts(c) != "row 0, case 1, ticket 0, file 0, request 0" {
		t.Error(counts(c))
	}
	if v, err := w.e.Verify(ctx); err != nil || len(v.Findings) > 0 {
		t.Errorf("%+v %v", v.Findings, err)
	}
}

// A request that broke off is certified as far as it came, and stands in nobody's way.
func TestARequestThatBrokeOffIsFinishedLater(t *testing.T) {
	w := newWorld(t, storetest.Open(t))
	ctx := context.Background()
	left := store.Certificate{ID: "rc-1", Number: "SC2026-000099", Occasion: store.ByRequest, By: "p-cy", StartedAt: w.clock(), Rules: []store.CertifiedRule{{Rule: "request"}}}
	if err := w.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		if err := tx.AddCertificate(ctx, &left); err != nil {
			return err
		}
		return tx.SaveCertificate(ctx, &left, []store.Erased{{Rule: "request", TicketID: "t-1"}})
	}); err != nil {
		t.Fatal(err)
	}
	w.take(w.complaint("20260301080001", nil))
	w.retain(workflow.RetentionRun{Occasion: store.BySchedule})
	if c, _, err := w.e.Certificate(ctx, "SC2026-000099"); err != nil || !c.FinishedAt.IsZero() {
		t.Errorf("somebody at it is disturbed: %+v %v", c, err)
	}
	w.at("2026-06-02 12:00")
	if c := w.retain(workflow.RetentionRun{Occasion: store.BySchedule}); c.Items() != 1 || c.Occasion != store.BySchedule {
		t.Errorf("%+v", c)
	}
	if c, agrees, err := w.e.Certificate(ctx, "SC2026-000099"); err != nil || c.FinishedAt.IsZero() || c.Items() != 1 || !agrees {
		t.Errorf("%+v %v %v", c, agrees, err)
	}
}

// A ticket that comes into a case while its erasure is asked for stays: what is decided on is read in the transaction.
func TestAnErasureDecidesOnTheTicketAsItIs(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		ctx := context.Background()
		w.take(w.complaint("20260301080001", nil))
		erased := make(chan error, 1)
		again := w.complaint("20260301080001", func(t *ticket.Ticket) { t.Fingerprint, t.Satisfaction = "f-2", ticket.Dissatisfied })
		if _, err := w.e.TakeIn(ctx, []ticket.Ticket{again}, func(context.Context, *store.Tx, workflow.Taken) error {
			go func() {
				_, err := w.e.EraseRequested(ctx, w.actor("p-cy"), workflow.ErasureRequest{Phone: "13812345678", Reason: "本人要求"}, nil)
				erased <- err
			}()
			time.Sleep(200 * time.Millisecond) // it has found the ticket, in no case, and waits
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if err := <-erased; reason(err) != "erasure.open" || !w.named("20260301080001") || w.caseOf("20260301080001") == "" {
			t.Errorf("%v %+v", err, w.ticket("20260301080001"))
		}
	})
}

// Rows that were not imported name people too.
func TestAnErasureReachesRowsThatWereNotImported(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		ctx := context.Background()
		if err := db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
			for _, id := range []string{"i-1", "i-2"} {
				var rows []store.ImportRow
				var problems []store.ImportProblem
				for line := range 130 {
					cells := []string{"欧阳佳慧", fmt.Sprintf("139%08d", line), ""}
					switch line {
					case 7:
						cells[1] = "138 1234 5678"
					case 120:
						cells[2] = "请回电+86-13812345678"
					case 125:
						cells[2] = "证件310120198001011239"
					}
					rows = append(rows, store.ImportRow{Line: line, Cells: cells})
					problems = append(problems, store.ImportProblem{Line: line, Fatal: true, Message: "缺少工单编号"})
				}
				if err := tx.AddImportRows(ctx, id, rows, w.clock()); err != nil {
					return err
				}
				if err := tx.AddImportProblems(ctx, id, problems, w.clock()); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		for ask, want := range map[workflow.ErasureRequest]string{{Phone: "13812345678"}: "request 0, file 0, import 4", {IDNumber: "310120198001011239"}: "request 0, file 0, import 2"} {
			ask.Reason = "本人书面要求"
			c, err := w.e.EraseRequested(ctx, w.actor("p-cy"), ask, nil)
			if err != nil || counts(c) != want {
				t.Errorf("%+v: %s %v", ask, counts(c), err)
			}
			_, agrees, err := w.e.Certificate(ctx, c.Number)
			if text, terr := w.e.CertificateText(ctx, c, agrees); err != nil || terr != nil || !agrees || !strings.Contains(text, "| 本人要求删除的未导入行 |") {
				t.Error(text, agrees, err, terr)
			}
		}
		for _, id := range []string{"i-1", "i-2"} {
			rows, err := db.ImportRows(ctx, id, -1, 500)
			problems, perr := db.ImportProblems(ctx, id, -1, 500)
			if err != nil || perr != nil || len(rows) != 127 || len(problems) != 127 {
				t.Errorf("%s: %d rows, %d problems are left (%v %v)", id, len(rows), len(problems), err, perr)
			}
		}
	})
}

// What the system told who is erased goes too, however they were found; not what it told somebody else at their phone.
func TestAnErasureTakesTheNotices(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		ctx := context.Background()
		other := func(t *ticket.Ticket) { t.Requester.Phone = "13900000000" }
		w.take(
			w.complaint("20260301080001", nil), w.complaint("20260301080002", other),
			w.complaint("20260301080003", func(t *ticket.Ticket) { other(t); t.Requester.IDNumber = "" }), // of the other phone, by somebody else
		)
		alone, shared := "requester:"+w.ticket("20260301080001").Requester, "requester:"+w.ticket("20260301080002").Requester
		if err := db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
			return tx.InsertNotices(ctx, []store.InboxRow{{ID: "n-1", Recipient: alone, Kind: casework.NoticeAccepted, CreatedAt: w.clock()}, {ID: "n-2", Recipient: shared, Kind: casework.NoticeAccepted, CreatedAt: w.clock()}})
		}); err != nil {
			t.Fatal(err)
		}
		c, err := w.e.EraseRequested(ctx, w.actor("p-cy"), workflow.ErasureRequest{IDNumber: "310120198001011239", Reason: "本人书面要求"}, nil)
		if err != nil || counts(c) != "request 2, file 0, import 0" {
			t.Fatal(counts(c), err)
		}
		for recipient, want := range map[string]int{alone: 0, shared: 1} {
			if list, err := db.Inbox(ctx, recipient, false, "", 10); err != nil || len(list) != want {
				t.Errorf("%s has %d notices, %v", recipient, len(list), err)
			}
		}
	})
}
