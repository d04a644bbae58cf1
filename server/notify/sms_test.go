package notify

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"xiaopu/server/notify/smssim"
)

func TestTextMessages(t *testing.T) {
	var got []string
	sim := httptest.NewServer(&smssim.Server{Key: "secret-key", Deliver: func(number, text string) bool {
		got = append(got, number+" "+text)
		return number != "13900000000"
	}})
	defer sim.Close()
	c := &TextMessages{URL: sim.URL, Key: "secret-key"}
	m := Message{Key: "n-1.sms", To: "13812345678", Text: "难事 NS2026-000042 升级为Ⅱ级响应"}
	for range 2 { // the same again is one message
		if id, err := c.Send(t.Context(), m); err != nil || id != "1" {
			t.Error(id, err)
		}
	}
	if strings.Join(got, ",") != "13812345678 难事 NS2026-000042 升级为Ⅱ级响应" {
		t.Error(got)
	}
	if to, why := c.Account(Reach{}); to != "" || why == "" {
		t.Error(to, why)
	}
	status := func(code int, body string) *TextMessages {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(code)
			_, _ = w.Write([]byte(body))
		}))
		t.Cleanup(s.Close)
		return &TextMessages{URL: s.URL, Key: "secret-key"}
	}
	hangs := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-time.After(time.Second):
		}
	}))
	t.Cleanup(hangs.Close)
	for name, x := range map[string]struct {
		c     *TextMessages
		to    string
		class Class
	}{
		"a number that nobody has":    {c, "13900000000", Other},
		"a number that is none":       {c, "12", Other},
		"another key":                 {&TextMessages{URL: sim.URL, Key: "wrong"}, "13812345678", Stop},
		"nobody listens":              {&TextMessages{URL: "http://127.0.0.1:1", Key: "secret-key"}, "13812345678", Retry},
		"an address that is none":     {&TextMessages{URL: "::", Key: "secret-key"}, "13812345678", Stop},
		"too many":                    {status(http.StatusTooManyRequests, ""), "13812345678", Minute},
		"busy":                        {status(http.StatusServiceUnavailable, ""), "13812345678", Retry},
		"something broke":             {status(http.StatusInternalServerError, ""), "13812345678", Unknown},
		"a page instead of an answer": {status(http.StatusOK, "<html>"), "13812345678", Unknown},
		"a redirection":               {status(http.StatusFound, ""), "13812345678", Stop},
		"no answer":                   {&TextMessages{URL: hangs.URL, Client: &http.Client{Timeout: 50 * time.Millisecond}}, "13812345678", Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := x.c.Send(t.Context(), Message{Key: name, To: x.to, Text: "文本"})
			r, ok := errors.AsType[*Refusal](err)
			if !ok || r.Class != x.class {
				t.Errorf("%v", err)
			}
			if err != nil && (strings.Contains(err.Error(), x.to) && len(x.to) > 3 || strings.Contains(err.Error(), "secret-key")) {
				t.Errorf("the error shows a secret: %v", err)
			}
		})
	}
}
