package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"xiaopu/server/apperr"
	"xiaopu/server/ticket"
)

// Import is one run of the importer.
type Import struct {
	ID         string
	FileName   string
	Source     ticket.Source
	CreatedBy  string
	StartedAt  time.Time
	FinishedAt time.Time // zero while running, or when it was cut off
	Result     json.RawMessage
}

// ImportProblem is what was wrong with one row.
type ImportProblem struct {
	Line    int // the row as a spreadsheet shows it
	Fatal   bool
	OrderNo string
	Message string
}

// StartImport notes that an import has begun.
func (db *DB) StartImport(ctx context.Context, i Import) error {
	_, err := db.exec(ctx, `INSERT INTO imports (id, file_name, source, created_by, started_at, result) VALUES (?, ?, ?, ?, ?, '{}')`,
		i.ID, cut(i.FileName, 255), string(i.Source), i.CreatedBy, Millis(i.StartedAt))
	return err
}

// FinishImport notes the end of an import and its counts.
func (db *DB) FinishImport(ctx context.Context, id string, result any, now time.Time) error {
	body, err := json.Marshal(result)
	if err != nil {
		return err
	}
	_, err = db.exec(ctx, `UPDATE imports SET finished_at = ?, result = ? WHERE id = ?`, Millis(now), body, id)
	return err
}

// AddImportProblems notes problems of rows; several of one row are numbered.
func (tx *Tx) AddImportProblems(ctx context.Context, importID string, list []ImportProblem) error {
	args := make([]any, 0, 6*len(list))
	part := map[int]int{}
	for _, p := range list {
		part[p.Line]++
		args = append(args, importID, p.Line, part[p.Line], p.Fatal, cut(p.OrderNo, 64), p.Message)
	}
	if err := tx.insertRows(ctx, `INSERT INTO import_problems (import_id, line, part, fatal, order_no, message) VALUES `, 6, args); err != nil {
		return fmt.Errorf("import problems: %w", err)
	}
	return nil
}

// Import loads one import.
func (db *DB) Import(ctx context.Context, id string) (Import, error) {
	var i Import
	err := db.queryRow(ctx, `SELECT id, file_name, source, created_by, started_at, finished_at, result FROM imports WHERE id = ?`, id).
		Scan(&i.ID, &i.FileName, &i.Source, &i.CreatedBy, (*Millis)(&i.StartedAt), (*Millis)(&i.FinishedAt), (*[]byte)(&i.Result))
	if errors.Is(err, sql.ErrNoRows) {
		return i, apperr.New(apperr.NotFound, "import.not_found", "没有找到这次导入。")
	}
	return i, err
}

// ImportProblems lists an import's problems by row, behind the row given. The problems of one row stand on one page,
// which may hold a few more than limit for that.
func (db *DB) ImportProblems(ctx context.Context, importID string, afterLine, limit int) ([]ImportProblem, error) {
	rows, err := db.query(ctx, `SELECT line, part, fatal, order_no, message FROM import_problems WHERE import_id = ? AND line > ? ORDER BY line, part LIMIT ?`, importID, afterLine, limit)
	list, part, err := scanProblems(rows, err)
	if err != nil || len(list) < limit || limit == 0 {
		return list, err
	}
	rows, err = db.query(ctx, `SELECT line, part, fatal, order_no, message FROM import_problems WHERE import_id = ? AND line = ? AND part > ? ORDER BY part`, importID, list[len(list)-1].Line, part)
	more, _, err := scanProblems(rows, err)
	return append(list, more...), err
}

// scanProblems also gives the part of the last one.
func scanProblems(rows *sql.Rows, err error) (list []ImportProblem, part int, _ error) {
	if err != nil {
		return nil, 0, fmt.Errorf("import problems: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var p ImportProblem
		if err := rows.Scan(&p.Line, &part, &p.Fatal, &p.OrderNo, &p.Message); err != nil {
			return nil, 0, err
		}
		list = append(list, p)
	}
	return list, part, rows.Err()
}
