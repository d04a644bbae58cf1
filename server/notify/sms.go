package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync/atomic"
	"time"
)

// TextMessages sends text messages over a provider's HTTP interface, or over a small program before it that speaks the
// provider's own: POST to URL with the bearer token Key and {"id", "phone", "text"} as JSON. Status 200 with {"message_id"} says
// that it is taken. 429 means too many at once, 503 try again; 400 and 422 that the number is none; other refusals that the
// settings are wrong. The same id may come again and must be sent once.
type TextMessages struct {
	URL    string
	Key    string
	Client *http.Client // nil for one that waits for five seconds
	Links  *Links       // nil for messages without
}

const (
	smsOnce    = 10 * time.Minute // for how long a provider must take the same id once
	smsTimeout = 5 * time.Second
	maxAnswer  = 4 << 10
)

var smsClient = &http.Client{Timeout: smsTimeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// Name is SMS.
func (*TextMessages) Name() string { return SMS }

// Account is the mobile number.
func (*TextMessages) Account(r Reach) (account, why string) {
	if r.Phone == "" {
		return "", "没有登记手机号"
	}
	return r.Phone, ""
}

// Repeatable is what the interface asks of a provider.
func (*TextMessages) Repeatable() time.Duration { return smsOnce }

// Send sends the notice in one sentence, and the address of its page if there is one.
func (s *TextMessages) Send(ctx context.Context, m Message) (string, error) {
	text := m.Text
	if link := s.Links.To(ctx, m.Page); link != "" {
		text = strings.TrimSuffix(text, "。") + "。查看 " + link
	}
	body, err := json.Marshal(map[string]string{"id": m.Key, "phone": m.To, "text": text})
	if err != nil {
		return "", &Refusal{Class: Stop, Err: err}
	}
	var wrote atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: func() { wrote.Store(true) }})
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL, bytes.NewReader(body))
	if err != nil {
		return "", &Refusal{Class: Stop, Err: errors.New("sms: no address")}
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+s.Key)
	client := s.Client
	if client == nil {
		client = smsClient
	}
	resp, err := client.Do(req)
	if err != nil {
		class := Unknown
		if !wrote.Load() {
			class = Retry
		}
		return "", &Refusal{Class: class, Err: errors.New("sms: no answer")} // the cause repeats the address
	}
	defer func() { _ = resp.Body.Close() }()
	refused := &Refusal{Code: resp.StatusCode, Err: fmt.Errorf("sms: HTTP %d", resp.StatusCode)}
	switch resp.StatusCode {
	case http.StatusOK:
	case http.StatusTooManyRequests:
		refused.Class = Minute
		return "", refused
	case http.StatusServiceUnavailable:
		refused.Class = Retry
		return "", refused
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		refused.Class = Other
		return "", refused
	default:
		refused.Class = Stop
		if resp.StatusCode >= http.StatusInternalServerError {
			refused.Class = Unknown
		}
		return "", refused
	}
	var out struct {
		MessageID string `json:"message_id"`
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxAnswer)).Decode(&out); err != nil {
		return "", &Refusal{Class: Unknown, Code: resp.StatusCode, Err: errors.New("sms: the answer is not what was asked for")}
	}
	return out.MessageID, nil
}
