package store

import (
	"bytes"
	"encoding/hex"
	"testing"
)

const wasPacked = "01a701b63a0124303331383039303030313d442ce8b7afe781afe4b88de4baae7a4a0114e4b89ce997a82e310020e4b880e4b8aae69c882165150010045d7d"

// What a dictionary once packed must stay readable: these are bytes of a ticket that an earlier program packed.
func TestWhatWasPackedOnceIsStillRead(t *testing.T) {
	const want = `{"id":"01","source":"hotline","order_no":"20260318090001","title":"路灯不亮","content":"市民来电反映东门路灯不亮一个月","category":["","","","",""]}`
	if got := hex.EncodeToString(pack([]byte(want))); got != wasPacked {
		t.Errorf("packed differently than before: %s", got)
	}
	b, err := hex.DecodeString(wasPacked)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := unpack(b); err != nil || string(got) != want {
		t.Errorf("%q %v", got, err)
	}
	if len(b) > len(want)*2/3 {
		t.Errorf("%d bytes of %d", len(b), len(want))
	}
}

func TestWhatIsNotPackedStays(t *testing.T) {
	for _, s := range []string{"", `{"id":"x"}`, `["a","b"]`, "null"} {
		if got, err := unpack([]byte(s)); err != nil || string(got) != s {
			t.Errorf("%q: %q %v", s, got, err)
		}
	}
	for _, s := range []string{"\x01", "\x01\xff\xff\xff\xff\xff", "\x02{}", "\x00"} {
		if got, err := unpack([]byte(s)); err == nil {
			t.Errorf("%q: %q", s, got)
		}
	}
}

func FuzzUnpack(f *testing.F) {
	f.Add([]byte(`{"id":"x"}`))
	f.Add(pack([]byte(`{"id":"x","source":"hotline"}`)))
	f.Fuzz(func(t *testing.T, b []byte) {
		_, _ = unpack(b)
		if got, err := unpack(pack(b)); err != nil || !bytes.Equal(got, b) {
			t.Errorf("%q came back as %q: %v", b, got, err)
		}
	})
}
