package casework

import (
	"time"

	"xiaopu/server/workday"
)

// Held is what somebody wrote or brought that others do not see before it was looked at: the id of its review. "" for what
// waits for nobody.
type Held string

// ContentReview says where a held attachment stands.
type ContentReview string

// Where a held attachment stands; "" once it is passed, or when it was never held.
const (
	ReviewWaiting ContentReview = "waiting"
	ReviewRefused ContentReview = "refused"
)

// SettleContent ends a review: what was held is shown from now on, or stays unseen. The system gives it for whoever decided; who
// that was stands in the audit log.
type SettleContent struct {
	ReviewID     string `json:"review_id"`
	AttachmentID string `json:"attachment_id,omitempty"` // of a picture
	TicketID     string `json:"ticket_id,omitempty"`     // whose requester brought it
	Passed       bool   `json:"passed"`
	Text         string `json:"text,omitempty"` // of words that are shown now
}

// Name is "settle_content".
func (SettleContent) Name() Name { return "settle_content" }

func (m SettleContent) apply(d *draft) error {
	if f, ok := d.c.Files[m.AttachmentID]; ok && f.Review == ReviewWaiting {
		f.Review = ""
		if !m.Passed {
			f.Review = ReviewRefused
		}
		d.c.Files[m.AttachmentID] = f
	}
	for _, key := range sortedKeys(d.c.Ratings) {
		if r := d.c.Ratings[key]; r.Held != "" && string(r.Held) == m.ReviewID {
			r.Held, r.Words = "", m.Text
			d.c.Ratings[key] = r
		}
	}
	if err := d.emit("settle_content", m, false); err != nil {
		return err
	}
	if !m.Passed && m.TicketID != "" {
		d.tell(NoticeContentRefused, nil, ToRequester(m.TicketID))
	}
	return nil
}

// ReviewDue is when somebody is told that what waits for a person since an instant still does: at the close of the days that the
// policy gives for a review, and from then on, told for the last time at an instant, at the opening of each working day (domain §3,
// rule 7: nothing rests).
func ReviewDue(cal *workday.Calendar, p Policy, since, told time.Time) time.Time {
	if told.IsZero() {
		return count(cal, Clock{StartAt: since, Days: p.ReviewDays}).DueAt
	}
	return count(cal, Clock{StartAt: told, Days: 1, Opening: true}).DueAt
}
