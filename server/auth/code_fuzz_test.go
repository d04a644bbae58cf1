package auth

import (
	"regexp"
	"strings"
	"testing"
)

// What a code in a scene, an invitation or a family invitation may be: its prefix and 22 signs that the platform takes in a scene of 32.
func FuzzHashShort(f *testing.F) {
	for _, prefix := range []string{invitePrefix, familyPrefix, scanPrefix} {
		f.Add(prefix, newShort(prefix))
		f.Add(prefix, prefix+strings.Repeat("A", 22))
		f.Add(prefix, prefix+strings.Repeat("A", 20)+"\r\n")
		f.Add(prefix, "")
	}
	form := regexp.MustCompile(`^[0-9A-Za-z_-]{22}$`)
	f.Fuzz(func(t *testing.T, prefix, code string) {
		hash, ok := hashShort(prefix, code)
		if !ok {
			if hash != "" {
				t.Errorf("%q is none and has a hash", code)
			}
			return
		}
		if rest, is := strings.CutPrefix(code, prefix); !is || !form.MatchString(rest) || len(hash) != 64 || strings.Contains(hash, rest) {
			t.Errorf("%q passes for a code", code)
		}
		if again, _ := hashShort(prefix, code); again != hash {
			t.Error("another hash")
		}
		for _, other := range []string{invitePrefix, familyPrefix, scanPrefix} { // a code of one kind is none of another
			if other != prefix && !strings.HasPrefix(code, other) {
				if _, ok := hashShort(other, code); ok {
					t.Errorf("%q is of two kinds", code)
				}
			}
		}
	})
}

// What passes for a credit code has the standard's form, and no sign of it can be wrong alone.
func FuzzValidCredit(f *testing.F) {
	for _, code := range []string{"91350100M000100Y43", "91310000MA1FL0000A", "", "一二三", strings.Repeat("0", 18)} {
		f.Add(code, uint8(3), uint8(7))
	}
	f.Fuzz(func(t *testing.T, code string, at, by uint8) {
		if !validCredit(code) {
			return
		}
		if !creditCode.MatchString(code) {
			t.Fatalf("%q", code)
		}
		i := int(at) % 18
		was := strings.IndexByte(creditSigns, code[i])
		if now := (was + 1 + int(by)%30) % 31; validCredit(code[:i] + creditSigns[now:now+1] + code[i+1:]) {
			t.Errorf("%q is right with another sign at %d too", code, i)
		}
	})
}
