package workflow

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"time"

	"xiaopu/server/blob"
	"xiaopu/server/store"
)

// A picture that a requester brings waits for the platform first, where there is one that can fetch it: its review is ReviewOutside. The
// platform is asked once the command is committed, so that what is refused costs nothing and what a killed process has left is asked
// by another. It fetches the picture by a link that is good while it is waited for, and says what it found with SettlePicture. What it does
// not say in time, cannot look at, or leaves open, a person looks at.

const (
	// pictureWithin is how long the platform is waited for, from when it is asked; it promises half an hour.
	pictureWithin = 35 * time.Minute
	// askWithin is how long one call may take before another process asks again.
	askWithin = time.Minute
	// maxPictureBytes is the largest picture that the platform fetches.
	maxPictureBytes = 10 << 20

	checkLook  = 5 * time.Second // for what another process has left, or was put off
	checkBatch = 50
	// checkRest is between two pictures: asked in quick succession, the platform has been seen to pass what it should not.
	checkRest = 500 * time.Millisecond
)

// askPauses are before a picture is asked for again that the platform did not take; after the last one a person looks.
var askPauses = []time.Duration{10 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute}

// whoLooks is what the review of a new picture waits for.
func (e *Engine) whoLooks() store.ReviewState {
	if e.checker == nil || e.public == "" {
		return store.ReviewOpen
	}
	return store.ReviewOutside
}

func (e *Engine) wakeChecks() {
	select {
	case e.toCheck <- struct{}{}:
	default: // it is about to look anyway
	}
}

// RunChecks has the platform look at pictures until ctx ends. Any number of processes may run it.
func (e *Engine) RunChecks(ctx context.Context) {
	look := time.NewTicker(checkLook)
	defer look.Stop()
	for {
		if err := e.CheckPictures(ctx, checkRest); err != nil && ctx.Err() == nil {
			e.log.ErrorContext(ctx, "pictures wait to be looked at", slog.Any("error", err))
		}
		select {
		case <-ctx.Done():
			return
		case <-e.toCheck:
		case <-look.C:
		}
	}
}

// CheckPictures asks the platform about every picture that is due, with a rest between two, and lets a person look at those that it was
// waited for long enough. Where the platform is no longer asked, they all are a person's.
func (e *Engine) CheckPictures(ctx context.Context, rest time.Duration) error {
	for ctx.Err() == nil {
		k, err := e.Knowledge(ctx)
		if err != nil {
			return err
		}
		list, err := e.db.DueReviews(ctx, store.ReviewOutside, e.Now(k), checkBatch)
		if err != nil || len(list) == 0 {
			return err
		}
		for _, r := range list {
			asked, err := e.checkPicture(ctx, e.Now(k), r)
			if err != nil {
				return err
			}
			if asked && rest > 0 {
				select {
				case <-ctx.Done():
					return ctx.Err()
				case <-time.After(rest):
				}
			}
		}
	}
	return ctx.Err()
}

// checkPicture does the next thing with one picture, and reports whether the platform was asked. Its error is the database's.
func (e *Engine) checkPicture(ctx context.Context, now time.Time, r store.Review) (asked bool, err error) {
	if e.whoLooks() == store.ReviewOpen || r.Trace != "" || r.Tries > len(askPauses) {
		return false, e.toPeople(ctx, r.ID)
	}
	taken, err := e.db.TakeReview(ctx, r, now.Add(askWithin))
	if err != nil || !taken {
		return false, err
	}
	a, err := e.db.Attachment(ctx, r.AttachmentID)
	if err != nil && !errors.Is(err, store.ErrNoAttachment) {
		return false, err
	}
	if err != nil || a.State != store.AttachmentKept || a.Type != blob.JPEG && a.Type != blob.PNG || a.Size > maxPictureBytes {
		return false, e.toPeople(ctx, r.ID)
	}
	token, err := e.checkLink(r)
	if err != nil {
		return false, err
	}
	within, cancel := context.WithTimeout(ctx, askWithin/2)
	defer cancel()
	trace, err := e.checker.Picture(within, a.Owner, e.public+FilesPath+token)
	switch {
	case ctx.Err() != nil: // we are to stop: the next one asks when the lease is over
		return true, ctx.Err()
	case err == nil && trace != "":
		return true, e.db.TraceReview(ctx, r.ID, trace, now.Add(pictureWithin))
	case errors.Is(err, ErrNotForPlatform) || r.Tries >= len(askPauses):
		e.log.InfoContext(ctx, "a picture waits for a person", slog.String("review", r.ID), slog.Any("error", err))
		return true, e.toPeople(ctx, r.ID)
	}
	e.log.WarnContext(ctx, "the content check is away: a picture is asked for again later", slog.String("review", r.ID), slog.Int("try", r.Tries+1), slog.Any("error", err))
	return true, e.db.TraceReview(ctx, r.ID, "", now.Add(askPauses[r.Tries]))
}

// checkLink is a link for the platform, which has no session: for one picture, while it is waited for.
type checkLink struct {
	Review string `json:"r"`
	Until  int64  `json:"u"` // Unix seconds
}

const placeOfCheckLink = "reviews.link"

func (e *Engine) checkLink(r store.Review) (token string, err error) {
	plain, err := json.Marshal(checkLink{r.ID, e.clock().Add(pictureWithin).Unix()})
	if err != nil {
		return "", err
	}
	sealed, err := e.db.Sealer().SealBytes(plain, placeOfCheckLink)
	return base64.RawURLEncoding.EncodeToString(sealed), err
}

func (e *Engine) readCheckLink(token string) (l checkLink, ok bool) {
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil {
		return l, false
	}
	plain, err := e.db.Sealer().OpenBytes(sealed, placeOfCheckLink)
	return l, err == nil && json.Unmarshal(plain, &l) == nil
}

// FileToCheck is the picture that the platform was asked to look at, by the link that it was given: while it is waited for and no longer.
// ok is false for a token that is no such link; attachment.link_over for one that is over.
func (e *Engine) FileToCheck(ctx context.Context, token string) (f File, ok bool, err error) {
	l, ok := e.readCheckLink(token)
	if !ok {
		return f, false, nil
	}
	if e.clock().Unix() > l.Until {
		return f, true, errLinkOver
	}
	r, err := e.db.Review(ctx, l.Review)
	if errors.Is(err, store.ErrNoReview) || err == nil && r.State != store.ReviewOutside {
		return f, true, errLinkOver
	}
	if err != nil {
		return f, true, err
	}
	a, err := e.db.Attachment(ctx, r.AttachmentID)
	if err == nil && a.State != store.AttachmentKept {
		err = errLinkOver
	}
	if err != nil {
		return f, true, err
	}
	f, err = e.open(ctx, a, false)
	return f, true, err
}
