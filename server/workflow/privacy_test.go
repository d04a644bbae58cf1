package workflow_test

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"xiaopu/server/apperr"
	"xiaopu/server/casework"
	"xiaopu/server/intake"
	"xiaopu/server/store"
	"xiaopu/server/store/storetest"
	"xiaopu/server/ticket"
	"xiaopu/server/workflow"
)

// What the sheet below says of people, in every spelling that it stands there in.
var secrets = []string{
	"13812345678", "138-1234-5678", "138 1234 5678", "１３８１２３４５６７８", "13698765432", "57191234", "021-57191234", "02157191234", "1391234567", "310120198001011239", "31012019900101123X",
	"欧阳佳慧", "慕容雪梅", "302室", "302 室", "号302", "13955556666",
}

// sheet is an export as it comes, bad rows included.
const sheet = `工单编号,受理时间,诉求标题,内容描述,诉求人,联系电话,身份证号,诉求地址,小区名称,一级分类,主办单位,流转单位,退单次数,办结时间,满意度,不满意原因,答复市民要点,备注
20260301080001,2026-03-01 08:00:01,欧阳佳慧反映12号302室楼上漏水,"欧阳佳慧（138-1234-5678）家住望舒苑12号302室，身份证310120198001011239，楼上漏水，另有座机57191234。",欧阳佳慧,13812345678,310120198001011239,望舒路100弄12号302室,望舒苑,房屋,房管所,,,2026-03-01 18:00:00,不满意,来电人欧阳佳慧称１３８１２３４５６７８无人联系,已告知欧阳佳慧,电话13812345678
20260301080002,2026-03-01 08:00:02,占道,"来电人慕容雪梅，13698765432，【退单原因：联系13698765432无人接听】门口占道，12号302也受影响",慕容雪梅,021-57191234,,望舒路100弄12号302室,望舒苑,占道,,规划办（退单）、房管所（退单）、综合执法队（退单）,3,,,,,
20260301080003,13812345678,,欧阳佳慧13812345678,欧阳佳慧,1391234567,31012019900101123X,望舒路100弄12号302室,望舒苑,,,,,,13812345678,,,
,2026-03-01 08:00:04,漏水,欧阳佳慧 138 1234 5678,欧阳佳慧,1.381234567E+10,,12号302室,,,,,13812345678,,,,,
`

// filled takes the sheet in, and people write down what they should not.
func filled(t *testing.T, db *store.DB) *world {
	t.Helper()
	w := newWorld(t, db)
	ctx := context.Background()
	s := street()
	for i := range s.People {
		if s.People[i].ID == "p-w1" {
			s.People[i].Phone = "13955556666"
		}
	}
	if err := w.e.LoadOrganisation(ctx, s); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "欧阳佳慧13812345678.csv")
	if err := os.WriteFile(path, []byte(sheet), 0o600); err != nil {
		t.Fatal(err)
	}
	im := &intake.Importer{Engine: w.e, DB: db, Now: w.clock}
	done, err := im.Import(ctx, intake.Job{Path: path, FileName: "导出.csv", Source: ticket.Hotline})
	if err != nil || done.Created != 3 || done.Rejected != 1 || done.Cases != 2 {
		t.Fatalf("%+v %v", done, err)
	}
	for _, p := range done.Problems {
		for _, s := range secrets {
			if strings.Contains(p.Message, s) {
				t.Errorf("line %d repeats %s: %s", p.Line, s, p.Message)
			}
		}
	}
	if err := w.e.Record(ctx, workflow.Audited{Actor: "p-cy", Action: "test.entry"}); err != nil {
		t.Fatal(err)
	}
	c := w.caseOf("20260301080001")
	w.must(c, "p-cy", casework.Classify{Domain: casework.Livelihood, Scope: casework.Individual, Reach: casework.SingleDepartment, GridID: "g-1"})
	w.must(c, "p-cy", casework.Dispatch{LeadDepartmentID: "d-1", Note: "请联系 138 1234 5678，座机021-57191234"})
	w.must(c, "p-h1", casework.Accept{HandlerID: "p-w1"})
	w.must(c, "p-w1", casework.Contact{Reached: true, At: w.clock(), Said: "与138-1234-5678通话，证件310120198001011239"})
	w.must(c, "p-h1", casework.AskSupport{DepartmentID: "d-2", Task: "请联系13812345678现场查看", DueAt: w.clock().Add(4 * time.Hour)})
	w.must(c, "p-h2", casework.FinishTask{TaskID: w.tasks(c)[0], Result: "已联系13812345678", Evidence: []string{"录音13812345678"}})
	w.must(c, "p-w1", casework.Progress{Text: "13812345678要求周末上门", Public: true})
	return w
}

func (w *world) tasks(id string) (ids []string) {
	w.t.Helper()
	l, err := w.db.Case(context.Background(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	for id := range l.Case.Tasks {
		ids = append(ids, id)
	}
	return ids
}

func (w *world) ticket(orderNo string) store.TicketRow {
	w.t.Helper()
	list, err := w.db.Tickets(context.Background(), store.TicketFilter{Source: ticket.Hotline, OrderNo: orderNo, Limit: 1})
	if err != nil || len(list) != 1 {
		w.t.Fatalf("ticket %s: %d %v", orderNo, len(list), err)
	}
	return list[0]
}

func (w *world) caseOf(orderNo string) string {
	w.t.Helper()
	id := w.ticket(orderNo).CaseID
	if id == "" {
		w.t.Fatalf("ticket %s is in no case", orderNo)
	}
	return id
}

// dump gives every column of every table, a line each.
func dump(t *testing.T, db *sql.DB, engine string) (lines []string) {
	t.Helper()
	list := `SELECT name FROM sqlite_master WHERE type = 'table'`
	if engine == "mysql" {
		list = `SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()`
	}
	var tables []string
	scan(t, db, list, func(_ []string, cells []sql.RawBytes) { tables = append(tables, string(cells[0])) })
	if len(tables) < 20 {
		t.Fatalf("only %d tables", len(tables))
	}
	for _, table := range tables {
		scan(t, db, "SELECT * FROM "+table, func(columns []string, cells []sql.RawBytes) {
			for i, c := range cells {
				lines = append(lines, table+"."+columns[i]+"="+string(c))
			}
		})
	}
	return lines
}

func scan(t *testing.T, db *sql.DB, text string, each func(columns []string, cells []sql.RawBytes)) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), text)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		cells := make([]sql.RawBytes, len(columns))
		dest := make([]any, len(columns))
		for i := range cells {
			dest[i] = &cells[i]
		}
		if err := rows.Scan(dest...); err != nil {
			t.Fatal(err)
		}
		each(columns, cells)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
}

// onEach gives a new database of each engine, with its data source name.
func onEach(t *testing.T, f func(t *testing.T, db *store.DB, dsn string)) {
	storetest.EachDSN(t, func(t *testing.T, dsn string) {
		db, err := store.Open(t.Context(), dsn, store.Options{Sealer: storetest.Sealer})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		if _, err := db.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		f(t, db, dsn)
	})
}

func TestNothingPersonalStandsInTheDatabaseInTheClear(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB, dsn string) {
		w := filled(t, db)
		w.searchAndErase()
		lines := dump(t, storetest.Raw(t, dsn), db.Engine())
		for _, s := range secrets {
			for _, l := range lines {
				if strings.Contains(l, s) {
					t.Errorf("%s stands in %.400s", s, l)
				}
			}
		}
		if path, ok := strings.CutPrefix(dsn, "sqlite:"); ok {
			for _, name := range []string{path, path + "-wal"} {
				file, err := os.ReadFile(name)
				if err != nil && !errors.Is(err, os.ErrNotExist) {
					t.Fatal(err)
				}
				for _, s := range secrets {
					if strings.Contains(string(file), s) {
						t.Errorf("%s stands in the file %s", s, filepath.Base(name))
					}
				}
			}
		}
		// What the dump would find if it were there.
		if all := strings.Join(lines, "\n"); !strings.Contains(all, "20260301080001") || !strings.Contains(all, "138****5678要求周末上门") {
			t.Error("the dump does not show what is stored")
		}
		if got := w.ticket("20260301080002").Ticket; got.Requester.Name != "慕容雪梅" || got.Requester.Phone != "021-57191234" || len(got.Raw) == 0 {
			t.Errorf("the ticket is not whole: %+v", got)
		}
	})
}

// searchAndErase leaves lines of looking up, unmasking and erasing in the audit log.
func (w *world) searchAndErase() {
	w.t.Helper()
	ctx := context.Background()
	free := func(int) error { return nil }
	for _, phone := range []string{"13812345678", "+86 138-1234-5678"} {
		page, err := w.e.SearchTickets(ctx, w.actor("p-cy"), workflow.TicketSearch{Phone: phone, Limit: 10}, free)
		if err != nil || len(page.Items) != 1 {
			w.t.Errorf("by %s: %d tickets, %v", phone, len(page.Items), err)
		}
	}
	page, err := w.e.SearchTickets(ctx, w.actor("p-cy"), workflow.TicketSearch{IDNumber: " 310120198001011239", Limit: 10}, free)
	if err != nil || len(page.Items) != 1 {
		w.t.Errorf("by ID number: %d tickets, %v", len(page.Items), err)
	}
	id := w.ticket("20260301080001").Ticket.ID
	got, err := w.e.Unmask(ctx, w.actor("p-w1"), id, workflow.Unmask{Fields: workflow.Fields, Reason: "回访13812345678"}, free)
	if err != nil || got.Phone != "13812345678" || got.Name != "欧阳佳慧" || got.IDNumber != "310120198001011239" || got.Address != "望舒路100弄12号302室" || !strings.Contains(got.Content, "138-1234-5678") {
		w.t.Errorf("unmasked: %+v %v", got, err)
	}
	c, err := w.e.EraseRequested(ctx, w.actor("p-cy"), workflow.ErasureRequest{Phone: "13812345678", Reason: "本人13812345678要求"}, nil)
	if err != nil || c.Kept != 1 || counts(c) != "request 0, file 0, import 1" { // a bad row goes, a ticket of an open case stays
		w.t.Errorf("%+v %v", c, err)
	}
}

func TestEveryViewIsMasked(t *testing.T) {
	db := storetest.Open(t)
	w := filled(t, db)
	ctx := context.Background()
	var shown []string
	see := func(v any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		shown = append(shown, string(text))
	}
	for _, order := range []string{"20260301080001", "20260301080002"} {
		id := w.caseOf(order)
		for _, who := range []string{"p-cy", "p-h1", "p-w1", "p-pl", "p-dc", "p-gc"} {
			a := w.actor(who)
			c, err := w.e.Case(ctx, a, id)
			if err != nil || c.Masked {
				continue // not everybody sees both
			}
			see(c, nil)
			see(w.e.Timeline(ctx, a, id, 0, 100, true))
			see(w.e.Tickets(ctx, a, workflow.TicketQuery{CaseID: id, Limit: 10}))
			see(w.e.Todos(ctx, a, "", "", 50))
			see(w.e.Inbox(ctx, a, false, "", 50))
			see(w.e.Cases(ctx, a, workflow.CaseQuery{Limit: 20}))
			see(w.e.Ticket(ctx, a, w.ticket(order).Ticket.ID))
		}
	}
	for _, s := range secrets {
		for _, text := range shown {
			if i := strings.Index(text, s); i >= 0 {
				t.Errorf("%s is shown: …%s", s, text[max(0, i-80):min(len(text), i+80)])
				break
			}
		}
	}
}

// reason gives the reason of a refusal.
func reason(err error) string {
	e, _ := errors.AsType[*apperr.Error](err)
	if e == nil {
		return fmt.Sprint(err)
	}
	return e.Reason
}

// Who reads what a request is known again by cannot try phone numbers against it.
func TestARequestIsKnownAgainByAKeyedHash(t *testing.T) {
	w := newWorld(t, storetest.Open(t))
	ctx := context.Background()
	n := workflow.NewTicket{Source: ticket.Hotline, Described: workflow.Described{Content: "楼道堆物"}, Requester: ticket.PushedRequester{Phone: "13812345678"}}
	if _, err := w.e.TakeByHand(ctx, w.actor("p-cy"), n, "k-1"); err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(n)
	if err != nil {
		t.Fatal(err)
	}
	done, ok, err := w.db.FindDone(ctx, "p-cy", "k-1")
	if sum := sha256.Sum256(append([]byte("ticket\n"), body...)); err != nil || !ok || done.Request == "" || done.Request == hex.EncodeToString(sum[:]) {
		t.Errorf("%+v %v %v", done, ok, err)
	}
	if again, err := w.e.TakeByHand(ctx, w.actor("p-cy"), n, "k-1"); err != nil || !again.Replayed {
		t.Errorf("%+v %v", again, err)
	}
}
