package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"xiaopu/server/apperr"
)

// NoteKind says what a note is.
type NoteKind string

// The kinds of notes.
const (
	NoteReport NoteKind = "report" // what a report in the mini-program brought along; the ticket has its words
	NoteFacts  NoteKind = "facts"  // added to a ticket later
)

// NoteState says who may see a note.
type NoteState string

// The states of a note.
const (
	NoteShown   NoteState = "shown"
	NoteWaiting NoteState = "waiting" // its words are to be looked at before others see them
	NoteRefused NoteState = "refused" // its words are gone
)

// TicketNote is what a requester says beside a ticket.
type TicketNote struct {
	ID       string
	TicketID string // "" of a report that waits, or was refused
	Author   string // person id
	Kind     NoteKind
	State    NoteState
	Text     string // sealed at rest; all of a report that waits, as JSON
	At       time.Time
}

// ErrNoNote says that there is no such note.
var ErrNoNote = apperr.New(apperr.NotFound, "note.not_found", "没有找到这条内容，或不在您的查看范围内。")

func placeOfNote(id string) string { return "ticket_notes.sealed:" + id }

func sealNote(s Sealer, n TicketNote) (sealed string, key int, err error) {
	if n.Text == "" {
		return "", 0, nil
	}
	sealed, err = s.Seal([]byte(n.Text), placeOfNote(n.ID))
	return sealed, s.CurrentKey(), err
}

// InsertNote stores a note.
func (tx *Tx) InsertNote(ctx context.Context, n TicketNote) error {
	sealed, key, err := sealNote(tx.Sealer(), n)
	if err != nil {
		return err
	}
	if _, err := tx.exec(ctx, `INSERT INTO ticket_notes (id, ticket_id, author, kind, state, sealed, sealed_key, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		n.ID, n.TicketID, n.Author, string(n.Kind), string(n.State), sealed, key, Millis(n.At)); err != nil {
		return fmt.Errorf("note %s: %w", n.ID, err)
	}
	return nil
}

// SettleNote ends a note's wait: with the words and the ticket that it has from now on.
func (tx *Tx) SettleNote(ctx context.Context, n TicketNote) error {
	sealed, key, err := sealNote(tx.Sealer(), n)
	if err != nil {
		return err
	}
	if _, err := tx.exec(ctx, `UPDATE ticket_notes SET ticket_id = ?, state = ?, sealed = ?, sealed_key = ? WHERE id = ?`, n.TicketID, string(n.State), sealed, key, n.ID); err != nil {
		return fmt.Errorf("note %s: %w", n.ID, err)
	}
	return nil
}

const noteColumns = `id, ticket_id, author, kind, state, sealed, created_at`

func scanNote(s Sealer, scan func(...any) error) (TicketNote, error) {
	var n TicketNote
	var sealed string
	if err := scan(&n.ID, &n.TicketID, &n.Author, &n.Kind, &n.State, &sealed, (*Millis)(&n.At)); err != nil || sealed == "" {
		return n, err
	}
	text, err := s.Open(sealed, placeOfNote(n.ID))
	n.Text = string(text)
	return n, err
}

func oneNote(ctx context.Context, q querier, id string) (TicketNote, error) {
	n, err := scanNote(q.Sealer(), q.queryRow(ctx, `SELECT `+noteColumns+` FROM ticket_notes WHERE id = ?`, id).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return n, ErrNoNote
	}
	return n, err
}

// Note loads one.
func (db *DB) Note(ctx context.Context, id string) (TicketNote, error) { return oneNote(ctx, db, id) }

// Note loads one.
func (tx *Tx) Note(ctx context.Context, id string) (TicketNote, error) { return oneNote(ctx, tx, id) }

// NotesOf lists the notes of a ticket, in the order in which they came.
func (db *DB) NotesOf(ctx context.Context, ticketID string, limit int) ([]TicketNote, error) {
	return notes(ctx, db, `ticket_id = ?`, limit, ticketID)
}

// NotesOf lists the notes of a ticket, in the order in which they came.
func (tx *Tx) NotesOf(ctx context.Context, ticketID string, limit int) ([]TicketNote, error) {
	return notes(ctx, tx, `ticket_id = ?`, limit, ticketID)
}

// WaitingReports lists somebody's reports of which no ticket has been made: those that wait, and those that were refused.
func (db *DB) WaitingReports(ctx context.Context, author string, limit int) ([]TicketNote, error) {
	return notes(ctx, db, `author = ? AND ticket_id = ''`, limit, author)
}

// WaitingReports lists somebody's reports of which no ticket has been made: those that wait, and those that were refused.
func (tx *Tx) WaitingReports(ctx context.Context, author string, limit int) ([]TicketNote, error) {
	return notes(ctx, tx, `author = ? AND ticket_id = ''`, limit, author)
}

func notes(ctx context.Context, q querier, where string, limit int, args ...any) (list []TicketNote, _ error) {
	rows, err := q.query(ctx, `SELECT `+noteColumns+` FROM ticket_notes WHERE `+where+` ORDER BY id LIMIT ?`, append(args, limit)...)
	if err != nil {
		return nil, fmt.Errorf("notes: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		n, err := scanNote(q.Sealer(), rows.Scan)
		if err != nil {
			return nil, err
		}
		list = append(list, n)
	}
	return list, rows.Err()
}

// CaseNotes lists the notes of a case's tickets in the order in which they came, behind the id given.
func (db *DB) CaseNotes(ctx context.Context, ticketIDs []string, after string, limit int) ([]TicketNote, error) {
	var list []TicketNote
	for part := range slices.Chunk(ticketIDs, ticketsAtOnce) {
		more, err := notes(ctx, db, `ticket_id IN (`+marks(len(part))+`) AND id > ?`, limit, append(arguments(part), after)...)
		if err != nil {
			return nil, err
		}
		list = append(list, more...)
	}
	slices.SortFunc(list, func(a, b TicketNote) int { return cmp.Compare(a.ID, b.ID) })
	return list[:min(len(list), limit)], nil
}

// DropNote forgets a note, with what of it waits to be looked at.
func (tx *Tx) DropNote(ctx context.Context, id string) error {
	if _, err := tx.exec(ctx, `DELETE FROM ticket_notes WHERE id = ?`, id); err != nil {
		return fmt.Errorf("note %s: %w", id, err)
	}
	if _, err := tx.exec(ctx, `DELETE FROM reviews WHERE note_id = ? AND open > 0`, id); err != nil {
		return fmt.Errorf("reviews of note %s: %w", id, err)
	}
	return nil
}

// KeepForNote brings an upload into a note. ErrAttachmentTaken when it is no upload of the author's that is complete and not used.
func (tx *Tx) KeepForNote(ctx context.Context, id, owner, noteID, review string) error {
	return tx.moveAttachment(ctx, `UPDATE attachments SET state = 'kept', note_id = ?, review = ?, drop_at = NULL WHERE id = ? AND owner = ? AND state = 'ready'`, noteID, review, id, owner)
}

// ReviewAttachment notes where a note's picture stands.
func (tx *Tx) ReviewAttachment(ctx context.Context, id, review string) error {
	_, err := tx.exec(ctx, `UPDATE attachments SET review = ? WHERE id = ?`, review, id)
	return err
}

// NoteAttachments lists the pictures of notes.
func (db *DB) NoteAttachments(ctx context.Context, noteIDs []string) ([]Attachment, error) {
	return noteAttachments(ctx, db, noteIDs)
}

// NoteAttachments lists the pictures of notes.
func (tx *Tx) NoteAttachments(ctx context.Context, noteIDs []string) ([]Attachment, error) {
	return noteAttachments(ctx, tx, noteIDs)
}

func noteAttachments(ctx context.Context, q querier, noteIDs []string) (list []Attachment, _ error) {
	for part := range slices.Chunk(noteIDs, ticketsAtOnce) {
		rows, err := q.query(ctx, `SELECT `+attachmentColumns+` FROM attachments WHERE note_id IN (`+marks(len(part))+`)`, arguments(part)...)
		more, err := scanAttachments(q.Sealer(), rows, err)
		if err != nil {
			return nil, err
		}
		list = append(list, more...)
	}
	slices.SortFunc(list, func(a, b Attachment) int { return cmp.Compare(a.ID, b.ID) })
	return list, nil
}

// ResealNotes seals up to limit notes anew that are sealed under an older key. It gives how many, and those that do not open.
func (tx *Tx) ResealNotes(ctx context.Context, from ResealFrom, limit int) (n int, next ResealFrom, damaged []error, err error) {
	return tx.resealColumn(ctx, "ticket_notes", placeOfNote, from, limit)
}
