package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"xiaopu/server/apperr"
)

// The names under which revisions of what classification goes by are counted.
const (
	CatalogueRevision = "catalogue"
	ModelRevision     = "model"
)

// CatalogueKind says what a catalogue lists.
type CatalogueKind string

// The kinds of catalogue.
const (
	TopicCatalogue CatalogueKind = "topics"
	DutyCatalogue  CatalogueKind = "duties"
)

// Catalogue is one version of a catalogue.
type Catalogue struct {
	Kind      CatalogueKind
	Version   int
	Body      []byte // JSON
	CreatedAt time.Time
	CreatedBy string
}

// Catalogue gives the newest version of a catalogue; one of version 0 when there is none.
func (db *DB) Catalogue(ctx context.Context, kind CatalogueKind) (Catalogue, error) {
	c := Catalogue{Kind: kind}
	err := db.queryRow(ctx, `SELECT version, body, created_at, created_by FROM catalogues WHERE kind = ? ORDER BY version DESC LIMIT 1`, string(kind)).
		Scan(&c.Version, &c.Body, (*Millis)(&c.CreatedAt), &c.CreatedBy)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return c, fmt.Errorf("catalogue %s: %w", kind, err)
	}
	return c, nil
}

// AddCatalogue stores the next version of a catalogue.
func (tx *Tx) AddCatalogue(ctx context.Context, c Catalogue) error {
	if _, err := tx.exec(ctx, `INSERT INTO catalogues (kind, version, body, created_at, created_by) SELECT ?, COALESCE(MAX(version), 0) + 1, ?, ?, ? FROM catalogues WHERE kind = ?`,
		string(c.Kind), c.Body, Millis(c.CreatedAt), c.CreatedBy, string(c.Kind)); isDuplicate(err) {
		return apperr.New(apperr.Aborted, "catalogue.version_conflict", "刚有人载入了新的版本，请核对后重新载入。")
	} else if err != nil {
		return fmt.Errorf("catalogue %s: %w", c.Kind, err)
	}
	return tx.Revise(ctx, CatalogueRevision, 1)
}

// ModelKind says what a model tells.
type ModelKind string

// The kinds of model.
const (
	TopicModel ModelKind = "topics"
	LeadModel  ModelKind = "leads"
)

// StoredModel is a model without its body.
type StoredModel struct {
	Version    string
	Kind       ModelKind
	Examples   int
	Figures    []byte // JSON
	Active     bool
	CreatedAt  time.Time
	CreatedBy  string
	SwitchedAt time.Time // when it was last taken into use; zero for never
	SwitchedBy string
}

// Models lists the models, the newest first.
func (db *DB) Models(ctx context.Context) (list []StoredModel, _ error) {
	rows, err := db.query(ctx, `SELECT version, kind, examples, figures, active, created_at, created_by, switched_at, switched_by FROM models ORDER BY created_at DESC, version`)
	if err != nil {
		return nil, fmt.Errorf("models: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var m StoredModel
		if err := rows.Scan(&m.Version, &m.Kind, &m.Examples, &m.Figures, &m.Active, (*Millis)(&m.CreatedAt), &m.CreatedBy, (*Millis)(&m.SwitchedAt), &m.SwitchedBy); err != nil {
			return nil, err
		}
		list = append(list, m)
	}
	return list, rows.Err()
}

// ErrNoModel says that there is no model of a version.
var ErrNoModel = apperr.New(apperr.NotFound, "model.not_found", "没有这个版本的模型，请用 xiaopu recognize models 或“分类模型”页面查看已有的版本。")

// ModelBody gives what a model was written as. ErrNoModel.
func (db *DB) ModelBody(ctx context.Context, version string) (body []byte, _ error) {
	err := db.queryRow(ctx, `SELECT body FROM models WHERE version = ?`, version).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, ErrNoModel
	}
	return body, err
}

// mostModels is how many models of a kind are kept beside the one in use.
const mostModels = 20

// AddModel keeps a model; one that is there already stays as it is. The oldest that are not in use make room.
func (tx *Tx) AddModel(ctx context.Context, m StoredModel, body []byte) error {
	if _, err := tx.exec(ctx, `INSERT INTO models (version, kind, examples, figures, body, active, created_at, created_by, switched_by) VALUES (?, ?, ?, ?, ?, 0, ?, ?, '')`,
		m.Version, string(m.Kind), m.Examples, m.Figures, body, Millis(m.CreatedAt), m.CreatedBy); err != nil && !isDuplicate(err) {
		return fmt.Errorf("model %s: %w", m.Version, err)
	}
	old, err := scanStrings(tx.query(ctx, `SELECT version FROM models WHERE kind = ? AND active = 0 ORDER BY created_at DESC, version`, string(m.Kind)))
	if err != nil || len(old) <= mostModels {
		return err
	}
	_, err = tx.exec(ctx, `DELETE FROM models WHERE version IN (`+marks(len(old)-mostModels)+`)`, arguments(old[mostModels:])...)
	return err
}

// SwitchModel takes a model into use in place of the other of its kind, and gives its kind; without one of that version, ErrNoModel.
func (tx *Tx) SwitchModel(ctx context.Context, version, by string, now time.Time) (kind ModelKind, _ error) {
	err := tx.queryRow(ctx, `SELECT kind FROM models WHERE version = ?`, version).Scan(&kind)
	if errors.Is(err, sql.ErrNoRows) {
		return "", ErrNoModel
	}
	if err != nil {
		return "", err
	}
	if err := tx.StopModel(ctx, kind); err != nil {
		return "", err
	}
	if _, err := tx.exec(ctx, `UPDATE models SET active = 1, switched_at = ?, switched_by = ? WHERE version = ?`, Millis(now), by, version); err != nil {
		return "", err
	}
	return kind, nil
}

// StopModel takes whatever model of a kind is in use out of it.
func (tx *Tx) StopModel(ctx context.Context, kind ModelKind) error {
	if _, err := tx.exec(ctx, `UPDATE models SET active = 0 WHERE kind = ? AND active = 1`, string(kind)); err != nil {
		return fmt.Errorf("models in use: %w", err)
	}
	return tx.Revise(ctx, ModelRevision, 1)
}

// TicketTopic is what a ticket of late is about, and where.
type TicketTopic struct {
	TicketID string
	Day      string // of Shanghai, when it was accepted
	Topic    string
	Place    string // "" where it is not known
}

// SetTicketTopics notes what tickets are about; what was noted of ticketIDs before is dropped.
func (tx *Tx) SetTicketTopics(ctx context.Context, ticketIDs []string, list []TicketTopic) error {
	for part := range slices.Chunk(ticketIDs, maxParams) {
		if _, err := tx.exec(ctx, `DELETE FROM ticket_topics WHERE ticket_id IN (`+marks(len(part))+`)`, arguments(part)...); err != nil {
			return fmt.Errorf("topics of tickets: %w", err)
		}
	}
	values := make([]any, 0, 4*len(list))
	for _, t := range list {
		values = append(values, t.TicketID, t.Day, cut(t.Topic, 100), cut(t.Place, 100))
	}
	if err := tx.insertRows(ctx, `INSERT INTO ticket_topics (ticket_id, day, topic, place) VALUES `, 4, values); err != nil {
		return fmt.Errorf("topics of tickets: %w", err)
	}
	return nil
}

// TopicCount is how many tickets of a day are about a topic at a place.
type TopicCount struct {
	Day, Topic, Place string
	Tickets           int
}

// TopicCounts counts tickets from a day on.
func (db *DB) TopicCounts(ctx context.Context, from string) (list []TopicCount, _ error) {
	rows, err := db.query(ctx, `SELECT day, topic, place, COUNT(*) FROM ticket_topics WHERE day >= ? GROUP BY day, topic, place`, from)
	if err != nil {
		return nil, fmt.Errorf("topics of tickets: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var c TopicCount
		if err := rows.Scan(&c.Day, &c.Topic, &c.Place, &c.Tickets); err != nil {
			return nil, err
		}
		list = append(list, c)
	}
	return list, rows.Err()
}

// ForgetTopics drops what was noted of tickets accepted before a day.
func (db *DB) ForgetTopics(ctx context.Context, before string) (int64, error) {
	return db.exec(ctx, `DELETE FROM ticket_topics WHERE day < ?`, before)
}
