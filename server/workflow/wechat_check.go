package workflow

import (
	"context"
	"errors"
	"fmt"
	"time"

	"xiaopu/server/content"
	"xiaopu/server/store"
	"xiaopu/server/wechat"
)

// WeChatChecker is WeChat as a Checker, and the wechat.Handler of what it finds. WeChat looks at what somebody brings who has opened the
// mini-program within two hours: what others bring is for a person.
type WeChatChecker struct {
	DB     *store.DB
	Engine *Engine
	WeChat WeChatChecks
	// Clock is the machine's own clock.
	Clock func() time.Time
}

// WeChatChecks is what is asked of the platform; *wechat.Client asks it.
type WeChatChecks interface {
	CheckText(ctx context.Context, openid string, scene wechat.Scene, text string) (wechat.Verdict, error)
	CheckImage(ctx context.Context, openid string, scene wechat.Scene, address string) (trace string, err error)
}

// What residents write is seen below a case, as comments are.
const checkScene = wechat.Comment

// piecesOverlap is how many characters of a piece of a long text the next one repeats, so that no word hides between two.
const piecesOverlap = 100

// Text is part of Checker. A long text is looked at in pieces; the worst of them counts.
func (c *WeChatChecker) Text(ctx context.Context, author, words string) (content.Verdict, error) {
	openid, err := c.openID(ctx, author)
	if err != nil {
		return "", err
	}
	worst := content.Pass
	for _, piece := range pieces([]rune(words), wechat.MaxText, piecesOverlap) {
		v, err := c.WeChat.CheckText(ctx, openid, checkScene, string(piece))
		if err != nil {
			return "", refusedAuthor(err)
		}
		switch verdictOf(v.Suggest) {
		case content.Risky:
			return content.Risky, nil
		case content.Review:
			worst = content.Review
		}
	}
	return worst, nil
}

func pieces(text []rune, size, overlap int) (list [][]rune) {
	for len(text) > size {
		list = append(list, text[:size])
		text = text[size-overlap:]
	}
	return append(list, text)
}

// Picture is part of Checker.
func (c *WeChatChecker) Picture(ctx context.Context, author, address string) (string, error) {
	openid, err := c.openID(ctx, author)
	if err != nil {
		return "", err
	}
	trace, err := c.WeChat.CheckImage(ctx, openid, checkScene, address)
	return trace, refusedAuthor(err)
}

// openID is who a person is in the mini-program: a resident, or a member of staff who has bound it.
func (c *WeChatChecker) openID(ctx context.Context, person string) (string, error) {
	find := c.DB.WeChatIdentityOfStaff
	if store.IsResident(person) {
		find = c.DB.WeChatIdentity
	}
	i, ok, err := find(ctx, person)
	if err == nil && !ok {
		err = fmt.Errorf("%w: the author is not known in WeChat", ErrNotForPlatform)
	}
	return i.OpenID, err
}

// refusedAuthor tells that the platform does not look at what this author brings, or not at this, from that it is away: otherwise staying
// away from the mini-program for two hours would be a way around it.
func refusedAuthor(err error) error {
	switch wechat.ClassOf(err) {
	case wechat.Other, wechat.Invalid:
		return fmt.Errorf("%w: %w", ErrNotForPlatform, err)
	}
	return err
}

func verdictOf(suggest string) content.Verdict {
	switch suggest {
	case wechat.Pass:
		return content.Pass
	case wechat.Risky:
		return content.Risky
	}
	return content.Review // what is not known to be fine
}

// traceWithin is how long after it happened the name of a look may be unknown here: the platform can push what it found before its
// answer to the question is stored.
const traceWithin = 2 * time.Minute

// Pushed is part of wechat.Handler: what the platform found in a picture. What it could not look at, a person does. A name that nobody
// knows is asked for again for a while, and then no longer minded: the picture is gone, or was asked for twice.
func (c *WeChatChecker) Pushed(ctx context.Context, e wechat.Event) error {
	if e.From != wechat.FromApp || e.Name != wechat.MediaChecked {
		return nil
	}
	v := verdictOf(e.Suggest)
	if e.Failed() {
		v = content.Review
	}
	err := c.Engine.SettlePicture(ctx, e.TraceID, v)
	if errors.Is(err, store.ErrNoReview) && (e.TraceID == "" || c.Clock().Sub(e.At) > traceWithin) {
		return nil
	}
	return err
}
