package store_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"xiaopu/server/apperr"
	"xiaopu/server/store"
	"xiaopu/server/store/storetest"
	"xiaopu/server/ticket"
)

func TestAnImportIsNotedFromStartToEnd(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		want := store.Import{ID: "i-1", FileName: strings.Repeat("名", 300), Source: ticket.Hotline, CreatedBy: "p-1", StartedAt: monday}
		if err := db.StartImport(ctx, want); err != nil {
			t.Fatal(err)
		}
		want.FileName, want.Result = strings.Repeat("名", 255), json.RawMessage(`{}`)
		if d := cmp.Diff(want, must[store.Import](t)(db.Import(ctx, "i-1"))); d != "" {
			t.Error(d)
		}
		if err := db.FinishImport(ctx, "i-1", map[string]int{"rows": 3}, day(1)); err != nil {
			t.Fatal(err)
		}
		want.FinishedAt, want.Result = day(1), json.RawMessage(`{"rows":3}`)
		if d := cmp.Diff(want, must[store.Import](t)(db.Import(ctx, "i-1"))); d != "" {
			t.Error(d)
		}
		if _, err := db.Import(ctx, "none"); apperr.CodeOf(err) != apperr.NotFound {
			t.Error(err)
		}
	})
}

// A row may have more problems than a page has room for: they stay together, and none is passed over.
func TestImportProblemsPageThroughEachOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		var list []store.ImportProblem
		for line := range 30 {
			for part := range line%4 + 1 {
				list = append(list, store.ImportProblem{Line: line + 2, Fatal: part == 0, OrderNo: fmt.Sprint("NO-", line), Message: fmt.Sprintf("第 %d 处", part)})
			}
		}
		list[3].OrderNo = strings.Repeat("号", 70)
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			if err := tx.AddImportProblems(ctx, "i-2", list[:5]); err != nil {
				return err
			}
			return tx.AddImportProblems(ctx, "i-1", list)
		})
		list[3].OrderNo = strings.Repeat("号", 64)
		for _, limit := range []int{1, 2, 3, 7, 500} {
			var got []store.ImportProblem
			for after := 0; ; {
				page := must[[]store.ImportProblem](t)(db.ImportProblems(ctx, "i-1", after, limit))
				if len(page) == 0 {
					break
				}
				got = append(got, page...)
				after = page[len(page)-1].Line
			}
			if d := cmp.Diff(list, got); d != "" {
				t.Errorf("%d a page: %s", limit, d)
			}
		}
		if n := len(must[[]store.ImportProblem](t)(db.ImportProblems(ctx, "none", 0, 10))); n != 0 {
			t.Error(n)
		}
	})
}
