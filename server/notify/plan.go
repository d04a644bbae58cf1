package notify

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"xiaopu/server/casework"
	"xiaopu/server/config"
	"xiaopu/server/store"
	"xiaopu/server/wechat"
	"xiaopu/server/workday"
)

// Plan is what is sent when something happens, to whom and by which channel. It is safe for concurrent use.
type Plan struct {
	config.Notices

	mu       sync.RWMutex
	allowed  map[string]map[string][]string // values of const keywords, by template
	mismatch map[string]string              // why a template differs from the platform's, by its id
}

// NewPlan makes a plan of what a file says.
func NewPlan(n config.Notices) *Plan {
	return &Plan{Notices: n, allowed: map[string]map[string][]string{}, mismatch: map[string]string{}}
}

// audienceOf gives as whom a recipient is told: family reads what the requester does, by the same channels.
func audienceOf(recipient string) string {
	if a := store.AudienceOf(recipient); a != store.FamilyAudience {
		return a
	}
	return store.RequesterAudience
}

// channelsFor gives the channels for a message that tells a person these notices, in the order in which they are tried: those of
// the order of each, so that none loses a channel by going with others. Orders stand in the file with the more special ones first.
func (p *Plan) channelsFor(news []store.InboxRow) (list []string) {
	for _, order := range entriesFor(p.Orders, news, func(order config.ChannelOrder, n store.InboxRow) bool {
		return order.For == audienceOf(n.Recipient) && (n.Urgent || !order.Urgent) && (len(order.Kinds) == 0 || slices.Contains(order.Kinds, n.Kind))
	}) {
		for _, c := range order.Channels {
			if !slices.Contains(list, c) {
				list = append(list, c)
			}
		}
	}
	return list
}

// templatesFor gives the templates on a channel by which a message may tell a person these notices.
func (p *Plan) templatesFor(channel string, news []store.InboxRow) []config.NoticeTemplate {
	return entriesFor(p.Templates, news, func(t config.NoticeTemplate, n store.InboxRow) bool {
		return t.Channel == channel && (t.For == "" || t.For == audienceOf(n.Recipient)) && (len(t.Kinds) == 0 || slices.Contains(t.Kinds, n.Kind))
	})
}

// entriesFor gives the entries of a list that are the first to fit one of the notices.
func entriesFor[T any](list []T, news []store.InboxRow, fits func(T, store.InboxRow) bool) (first []T) {
	for _, e := range list {
		rest := slices.DeleteFunc(slices.Clone(news), func(n store.InboxRow) bool { return fits(e, n) })
		if len(rest) < len(news) {
			first, news = append(first, e), rest
		}
	}
	return first
}

// words gives what a message says of an event.
func (p *Plan) words(recipient string, kind casework.NoticeKind) config.BundleWords {
	audience := audienceOf(recipient)
	var general config.BundleWords
	for _, w := range p.Words {
		if w.Kind != kind {
			continue
		}
		words := config.BundleWords{State: w.State, Event: w.Event, Text: w.Text}
		if w.For == audience {
			return words
		}
		if w.For == "" {
			general = words
		}
	}
	return general
}

// noNumber stands where a notice is of no single case: a code must not be empty.
const noNumber = "-"

// compose writes the message that tells a person these notices by a template; the zero template is none. o is the notice that
// speaks for them, text the whole of a single one in one sentence.
func (p *Plan) compose(o store.Outgoing, channel string, t config.NoticeTemplate, news []store.InboxRow, text string) (Message, error) {
	n, count := news[0], len(news)
	words, number, page, at := p.words(n.Recipient, n.Kind), n.Number, p.InboxPage, n.CreatedAt
	if count > 1 {
		words, number, at = p.Bundle, "", o.SendAt
		words.Text = strings.ReplaceAll(words.Text, "{count}", fmt.Sprint(count))
		text = words.Text
	}
	if number == "" {
		number = noNumber
	}
	m := Message{Key: o.ID + "." + channel, Title: words.Event, State: words.State, Hint: words.Text, Text: text, At: at, Keywords: map[string]string{}}
	if number != noNumber {
		m.Number = number
	}
	due := at
	if t, err := time.Parse(time.RFC3339, n.Args["due"]); err == nil && count == 1 {
		due, m.Due = t, t
	}
	if n.CaseID != "" && count == 1 {
		page = strings.ReplaceAll(p.CasePage, "{case}", url.QueryEscape(n.CaseID))
	}
	m.Page, m.Template = page, t.ID
	p.mu.RLock()
	allowed := p.allowed[t.ID]
	p.mu.RUnlock()
	for _, k := range t.Keywords {
		name, filler := k.Split()
		value := map[string]string{"number": number, "event": words.Event, "state": words.State, "text": words.Text, "due": fitTime(due), "at": fitTime(at)}[filler]
		fitted, err := Fit(name, value, allowed[name])
		if err != nil {
			return m, fmt.Errorf("template %s, %s: %w", t.Name, n.Kind, err)
		}
		m.Keywords[name] = fitted
	}
	return m, nil
}

// needsTemplate tells whether a channel's messages are of a template.
func needsTemplate(channel string) bool {
	return channel == Official || channel == Standing || channel == Once
}

// morning gives when a notice that cannot wait for nobody may be sent: now within the hours of a working day, else at their
// next opening.
func (p *Plan) morning(cal *workday.Calendar, now time.Time) (at time.Time, open bool) {
	today := workday.DateOf(now)
	if cal.IsWorkingDay(today) {
		for _, h := range p.Hours {
			if start := today.At(h.Open); now.Before(start) {
				return start, false
			}
			if now.Before(today.At(h.Close)) {
				return now, true
			}
		}
	}
	return cal.NextWorkingDay(today).At(p.Hours[0].Open), false
}

// Lister lists what the platform has.
type Lister interface {
	// Templates lists a channel's templates.
	Templates(ctx context.Context, channel string) ([]wechat.Listed, error)
}

// Check compares the plan's templates of the channels named with the platform's. One that differs is not used, and the log says why; what cannot be
// listed stays as it was. The error is that of the listing.
func (p *Plan) Check(ctx context.Context, channels []string, l Lister, log *slog.Logger) error {
	for _, channel := range channels {
		if !slices.ContainsFunc(p.Templates, func(t config.NoticeTemplate) bool { return t.Channel == channel }) {
			continue
		}
		listed, err := l.Templates(ctx, channel)
		if err != nil {
			return err
		}
		for _, t := range p.Templates {
			if t.Channel != channel {
				continue
			}
			why, allowed := p.compare(t, listed)
			p.mu.Lock()
			if why == "" {
				delete(p.mismatch, t.ID)
				p.allowed[t.ID] = allowed
			} else {
				p.mismatch[t.ID] = why
			}
			p.mu.Unlock()
			if why != "" {
				log.ErrorContext(ctx, "a message template differs from the platform's and is not used", slog.String("template", t.Name), slog.String("id", t.ID), slog.String("why", why))
			}
		}
	}
	return nil
}

var placeholder = regexp.MustCompile(`\{\{\s*([a-z_]+[0-9]*)\.DATA\s*\}\}`)

// compare gives how a template differs from what the platform lists, "" when it does not.
func (p *Plan) compare(t config.NoticeTemplate, listed []wechat.Listed) (why string, allowed map[string][]string) {
	i := slices.IndexFunc(listed, func(l wechat.Listed) bool { return l.ID == t.ID })
	if i < 0 {
		return "平台上没有这个模板", nil
	}
	there := listed[i]
	if t.Channel != Official && there.Standing != (t.Channel == Standing) {
		return "一次性和长期订阅不一致", nil
	}
	keywords := map[string]bool{}
	for _, m := range placeholder.FindAllStringSubmatch(there.Content, -1) {
		keywords[m[1]] = true
	}
	ours := map[string]bool{}
	for _, k := range t.Keywords {
		name, filler := k.Split()
		ours[name] = true
		if values, ok := there.Allowed[name]; ok && filler == "state" {
			for _, w := range p.Words {
				fits := (t.For == "" || w.For == "" || t.For == w.For) && (len(t.Kinds) == 0 || slices.Contains(t.Kinds, w.Kind))
				if fits && !slices.Contains(values, w.State) {
					return fmt.Sprintf("%s 的可选值里没有“%s”", name, w.State), nil
				}
			}
		}
	}
	if !maps.Equal(keywords, ours) {
		return "关键词不一致，平台上是 " + strings.Join(slices.Sorted(maps.Keys(keywords)), "、"), nil
	}
	return "", there.Allowed
}

// differs says why a template is not used; "" when it is.
func (p *Plan) differs(id string) string {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.mismatch[id]
}

// channelOf gives the channel of a subscribe message's template, by the platform's id.
func (p *Plan) channelOf(template string) string {
	for _, t := range p.Templates {
		if t.ID == template {
			return t.Channel
		}
	}
	return Once
}
