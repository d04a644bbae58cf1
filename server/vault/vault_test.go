package vault_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"xiaopu/server/apperr"
	"xiaopu/server/store"
	"xiaopu/server/vault"
)

var _ store.Sealer = (*vault.Vault)(nil)

func key(b byte) []byte { return bytes.Repeat([]byte{b}, vault.KeyBytes) }

func open(t testing.TB, keys vault.Keys, index []byte) *vault.Vault {
	t.Helper()
	v, err := vault.New(keys, index)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

const place = "tickets.body:1"

func seal(t testing.TB, v *vault.Vault, plain string) (string, []byte) {
	t.Helper()
	text, err := v.Seal([]byte(plain), place)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := v.SealBytes([]byte(plain), place)
	if err != nil {
		t.Fatal(err)
	}
	return text, raw
}

func reason(err error) string {
	e, _ := errors.AsType[*apperr.Error](err)
	if e == nil {
		return fmt.Sprint(err)
	}
	return e.Reason
}

func TestWhatIsSealedOpensAndNamesItsKey(t *testing.T) {
	v := open(t, vault.Keys{7: key(1), 3: key(3)}, key(2))
	for _, plain := range []string{"", "a", "张三 13812345678", strings.Repeat("长", 50_000)} {
		text, raw := seal(t, v, plain)
		if v.KeyOf(text) != 7 || v.CurrentKey() != 7 {
			t.Errorf("key %d", v.KeyOf(text))
		}
		a, err := v.Open(text, place)
		b, berr := v.OpenBytes(raw, place)
		if err != nil || berr != nil || string(a) != plain || string(b) != plain {
			t.Errorf("%.20q came back as %.20q, %.20q: %v %v", plain, a, b, err, berr)
		}
		if len(plain) > 3 && (strings.Contains(text, plain) || bytes.Contains(raw, []byte(plain))) {
			t.Error("it stands there in the clear")
		}
	}
	one, _ := seal(t, v, "same")
	two, _ := seal(t, v, "same")
	if one == two {
		t.Error("equal values look equal")
	}
}

var vectors = map[string]string{
	"1.1.0+tgzU0QItC+D+EgRg0MnCwt7wf3UKnSLCsxiiz+zb94nS8CmxqHJm+PvuqC5g": "张三 13812345678",
	"1.1.uNiM2eWr2Ybram1VlW18gqrSYAZJt9X41JCNNg":                         "",
}

const blindVector = "5ab3fa89d9fe182e067ec0ba43ccc848"

// The vectors were written by this package: what is stored must open with every later version of it.
func TestValuesOfEarlierVersionsOpen(t *testing.T) {
	v := open(t, vault.Keys{1: key(1)}, key(2))
	for text, want := range vectors {
		got, err := v.Open(text, place)
		if err != nil || string(got) != want {
			t.Errorf("%s: %q %v", text, got, err)
		}
	}
	if got := v.Blind("phone", "13812345678"); got != blindVector {
		t.Errorf("the blind index changed: %s", got)
	}
}

func TestOnlyTheValueItselfOpensInItsPlace(t *testing.T) {
	v := open(t, vault.Keys{1: key(1)}, key(2))
	text, raw := seal(t, v, "张三 13812345678")
	if _, err := v.Open(text, "tickets.raw:1"); reason(err) != "vault.damaged" {
		t.Error("moved to another column:", err)
	}
	if _, err := v.OpenBytes(raw, "tickets.body:2"); reason(err) != "vault.damaged" {
		t.Error("moved to another row:", err)
	}
	for i := range raw {
		changed := bytes.Clone(raw)
		changed[i] ^= 1
		if _, err := v.OpenBytes(changed, place); err == nil {
			t.Errorf("byte %d may be changed", i)
		}
		if _, err := v.OpenBytes(raw[:i], place); reason(err) != "vault.damaged" {
			t.Errorf("cut to %d bytes: %v", i, err)
		}
	}
	for i := range len(text) {
		if _, err := v.Open(text[:i], place); err == nil {
			t.Errorf("cut to %d characters it opens", i)
		}
	}
	for _, other := range []string{"", "1", "1.", "1.1", "1.1.", "1..AAAA", "1.01.AAAA", "1.x.AAAA", "2.1.AAAA", "1.1.!", `{"a":1}`, "1.9999999.AAAA"} {
		if _, err := v.Open(other, place); reason(err) != "vault.damaged" && reason(err) != "vault.key_missing" {
			t.Errorf("%q: %v", other, err)
		}
		if err := fmt.Sprint(errOf(v.OpenBytes([]byte(other), place))); strings.Contains(err, "张三") {
			t.Error(err)
		}
	}
}

func errOf(_ []byte, err error) error { return err }

func TestANewKeySealsAndTheOldOneStillOpens(t *testing.T) {
	old := open(t, vault.Keys{1: key(1)}, key(2))
	text, raw := seal(t, old, "x")
	both := open(t, vault.Keys{1: key(1), 2: key(9)}, key(2))
	if got, err := both.Open(text, place); err != nil || string(got) != "x" {
		t.Error(err)
	}
	fresh, freshRaw := seal(t, both, "x")
	if both.KeyOf(text) != 1 || both.KeyOf(fresh) != 2 {
		t.Errorf("keys %d %d", both.KeyOf(text), both.KeyOf(fresh))
	}
	if both.Blind("phone", "1") != old.Blind("phone", "1") {
		t.Error("a new master key changed the blind index")
	}
	alone := open(t, vault.Keys{2: key(9)}, key(2))
	if _, err := alone.Open(text, place); reason(err) != "vault.key_missing" {
		t.Error(err)
	}
	if _, err := alone.OpenBytes(raw, place); reason(err) != "vault.key_missing" {
		t.Error(err)
	}
	if _, err := old.OpenBytes(freshRaw, place); reason(err) != "vault.key_missing" {
		t.Error(err)
	}
	wrong := open(t, vault.Keys{1: key(8)}, key(2))
	if _, err := wrong.Open(text, place); reason(err) != "vault.damaged" {
		t.Error(err)
	}
}

func TestTheBlindIndexTellsEqualValuesOnly(t *testing.T) {
	v := open(t, vault.Keys{1: key(1)}, key(2))
	a := v.Blind("phone", "13812345678")
	if len(a) != 32 || a != v.Blind("phone", "13812345678") {
		t.Error(a)
	}
	if a == v.Blind("id", "13812345678") || a == v.Blind("phone", "13812345679") || v.Blind("a", "bc") == v.Blind("ab", "c") {
		t.Error("different things have one index")
	}
	if a == open(t, vault.Keys{1: key(1)}, key(3)).Blind("phone", "13812345678") {
		t.Error("the index does not depend on its key")
	}
	if v.Blind("phone", "") != "" {
		t.Error("nothing has an index")
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 200 {
				if v.Blind("phone", "13812345678") != a {
					t.Error("not safe for concurrent use")
					return
				}
			}
		})
	}
	all.Wait()
}

func TestNewRefusesWhatIsNoKey(t *testing.T) {
	for name, v := range map[string]struct {
		keys  vault.Keys
		index []byte
	}{
		"no keys":       {nil, key(1)},
		"no index":      {vault.Keys{1: key(1)}, nil},
		"a short key":   {vault.Keys{1: key(1)[1:]}, key(1)},
		"a short index": {vault.Keys{1: key(1)}, key(1)[1:]},
		"number zero":   {vault.Keys{0: key(1)}, key(1)},
		"a high number": {vault.Keys{1_000_000: key(1)}, key(1)},
	} {
		if _, err := vault.New(v.keys, v.index); err == nil {
			t.Error(name, "is accepted")
		}
	}
}

func FuzzOpen(f *testing.F) {
	v := open(f, vault.Keys{1: key(1)}, key(2))
	text, raw := seal(f, v, "张三")
	f.Add(text, raw)
	f.Add("1.1.", []byte{1, 0, 0, 1})
	f.Add("", []byte(nil))
	f.Fuzz(func(t *testing.T, s string, b []byte) {
		if plain, err := v.Open(s, place); err == nil && (s != text || string(plain) != "张三") {
			t.Errorf("%q opens as %q", s, plain)
		}
		if plain, err := v.OpenBytes(b, place); err == nil && (!bytes.Equal(b, raw) || string(plain) != "张三") {
			t.Errorf("%x opens as %q", b, plain)
		}
		v.KeyOf(s)
	})
}

func BenchmarkSealBytes(b *testing.B) {
	v := open(b, vault.Keys{1: key(1)}, key(2))
	plain := bytes.Repeat([]byte("字"), 500) // about a ticket's body
	b.SetBytes(int64(len(plain)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.SealBytes(plain, "tickets.body:01955000-0000-7000-8000-000000000001"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpenBytes(b *testing.B) {
	v := open(b, vault.Keys{1: key(1)}, key(2))
	_, raw := seal(b, v, strings.Repeat("字", 500))
	b.SetBytes(1500)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.OpenBytes(raw, place); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkBlind(b *testing.B) {
	v := open(b, vault.Keys{1: key(1)}, key(2))
	b.ReportAllocs()
	for b.Loop() {
		v.Blind("phone", "13812345678")
	}
}
