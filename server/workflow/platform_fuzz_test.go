package workflow_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"xiaopu/server/casework"
	"xiaopu/server/store/storetest"
	"xiaopu/server/ticket"
	"xiaopu/server/workflow"
)

// Whatever stands in the headers, only the right signature lets in, and nothing breaks.
func FuzzSignedHeaders(f *testing.F) {
	db := storetest.Open(f)
	at := time.Date(2026, 3, 2, 2, 0, 0, 0, time.UTC)
	e := workflow.New(db, workflow.Options{Clock: func() time.Time { return at }})
	if err := e.Seed(context.Background(), nil, casework.DefaultPolicy()); err != nil {
		f.Fatal(err)
	}
	_, key, err := e.AddPlatform(context.Background(), casework.Actor{PersonID: "p"}, workflow.NewPlatform{ID: "hotline", Name: "热线", Source: ticket.Hotline})
	if err != nil {
		f.Fatal(err)
	}
	good := workflow.Sign(key, "1772416800", []byte("x"))
	for _, s := range [][4]string{
		{"hotline", "1772416800", good, "x"}, {"hotline", " 1772416800", good, "x"}, {"hotline", "+1772416800", good, "x"}, {"hotline", "01772416800", good, "x"}, {"", "", "", ""},
		{"hotline", "1772416800.0", good, "x"}, {"hotline", "99999999999999999999", good, "x"}, {"Hotline", "1772416800", good, "x"}, {"hotline", "１７７２４１６８００", good, "x"}, {"hotline\x00", "1772416800", good + " ", "x"},
	} {
		f.Add(s[0], s[1], s[2], s[3])
	}
	f.Fuzz(func(t *testing.T, platform, timestamp, signature, payload string) {
		p, _, err := e.Authenticate(t.Context(), workflow.Signed{Platform: platform, Timestamp: timestamp, Signature: signature, Payload: []byte(payload)})
		right := platform == "hotline" && strings.EqualFold(signature, workflow.Sign(key, timestamp, []byte(payload))) && payload != ""
		switch {
		case err == nil && (!right || p.ID != "hotline"):
			t.Errorf("%q %q %q %q is let in", platform, timestamp, signature, payload)
		case err != nil && !errors.Is(err, workflow.ErrSignature) && !errors.Is(err, workflow.ErrTimestamp):
			t.Error(err)
		}
	})
}
