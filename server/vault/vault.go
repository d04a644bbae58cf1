// Package vault seals personal data before it is stored, and finds it again without opening it.
//
// # The model
//
// A Keys value holds the master keys by number. Every sealed value names the key it was sealed with, so a new key can be
// put beside the old ones and values move to it one by one: Stale says which have not yet. From each master key come an
// SM4 key (GB/T 32907, in GCM mode) by HKDF over SM3 (GB/T 32905); master keys themselves encrypt nothing.
//
// A value is bound to the place it was sealed for, such as “tickets.body:ID”: copied to another row or column it does not
// open. Equal values sealed twice differ. For look-ups there is the blind index instead: the keyed hash of a normalised
// value, equal for equal values, which without its key tells nothing. Its key is made once per installation and never
// changes, so that a new master key leaves every index as it is.
//
//	Seal(plain, place)      → “1.KEY.base64(nonce ‖ ciphertext ‖ tag)”, for a column of text
//	SealBytes(plain, place) → 1 ‖ KEY in 3 bytes ‖ nonce ‖ ciphertext ‖ tag, for one of bytes: a quarter shorter
//	Blind(domain, value)    → 32 hex digits of HMAC-SM3
//
// The crypto is that of emmansun/gmsm, which is not a certified product. Who must use one implements store.Sealer over it.
//
// # Failure
//
// Open gives *apperr.Error internal: vault.damaged for a value that is none of ours, was changed or moved, and
// vault.key_missing where its key is not loaded, so that an operator sees which of the two it is. Both mean a fault of the
// installation, never of a person's input. No error holds a key or what was sealed.
package vault

import (
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"strconv"
	"strings"
	"sync"

	"github.com/emmansun/gmsm/sm3"
	"github.com/emmansun/gmsm/sm4"

	"xiaopu/server/apperr"
)

// KeyBytes is the length of a master key and of the blind index's key.
const KeyBytes = 32

// Keys are the master keys by number, 1 to 999999; the highest number seals.
type Keys map[int][]byte

// Vault seals and opens. It is safe for concurrent use.
type Vault struct {
	current int
	aead    map[int]cipher.AEAD
	macs    sync.Pool // of hash.Hash: HMACs that have their key
}

const (
	format      = "1" // of a sealed value as text
	formatBytes = 1   // of one as bytes
	headBytes   = 4   // before its nonce
	maxKeyID    = 999_999
)

// New makes a Vault of master keys and the key of the blind index. It refuses no keys, numbers out of bounds, and keys that
// are not KeyBytes long.
func New(keys Keys, index []byte) (*Vault, error) {
	if len(keys) == 0 {
		return nil, errors.New("vault: no key")
	}
	if len(index) != KeyBytes {
		return nil, fmt.Errorf("vault: the blind index's key has %d bytes, want %d", len(index), KeyBytes)
	}
	v := &Vault{aead: make(map[int]cipher.AEAD, len(keys))}
	blind, err := hkdf.Key(sm3.New, index, nil, "xiaopu blind index sm3", KeyBytes)
	if err != nil {
		return nil, fmt.Errorf("vault: %w", err)
	}
	v.macs.New = func() any { return hmac.New(sm3.New, blind) }
	for id, master := range keys {
		v.current = max(v.current, id)
		if id < 1 || id > maxKeyID {
			return nil, fmt.Errorf("vault: a key's number is 1 to %d", maxKeyID)
		}
		if len(master) != KeyBytes {
			return nil, fmt.Errorf("vault: key %d has %d bytes, want %d", id, len(master), KeyBytes)
		}
		key, err := hkdf.Key(sm3.New, master, nil, "xiaopu field sm4-gcm", 16)
		if err != nil {
			return nil, fmt.Errorf("vault: key %d: %w", id, err)
		}
		block, err := sm4.NewCipher(key)
		if err != nil {
			return nil, fmt.Errorf("vault: key %d: %w", id, err)
		}
		if v.aead[id], err = cipher.NewGCM(block); err != nil {
			return nil, fmt.Errorf("vault: key %d: %w", id, err)
		}
	}
	return v, nil
}

// CurrentKey is the number of the key that seals.
func (v *Vault) CurrentKey() int { return v.current }

// Seal seals plain for a place, as text.
func (v *Vault) Seal(plain []byte, place string) (string, error) {
	sealed := v.seal(plain, place, 0)
	head := format + "." + strconv.Itoa(v.current) + "."
	out := make([]byte, len(head)+base64.RawStdEncoding.EncodedLen(len(sealed)))
	copy(out, head)
	base64.RawStdEncoding.Encode(out[len(head):], sealed)
	return string(out), nil
}

// SealBytes seals plain for a place, as bytes.
func (v *Vault) SealBytes(plain []byte, place string) ([]byte, error) {
	out := v.seal(plain, place, headBytes)
	out[0], out[1], out[2], out[3] = formatBytes, byte(v.current>>16), byte(v.current>>8), byte(v.current)
	return out, nil
}

// seal gives nonce, ciphertext and tag behind room for a head.
func (v *Vault) seal(plain []byte, place string, head int) []byte {
	gcm := v.aead[v.current]
	out := make([]byte, head+gcm.NonceSize(), head+gcm.NonceSize()+len(plain)+gcm.Overhead())
	nonce := out[head:]
	_, _ = rand.Read(nonce) // never fails
	return gcm.Seal(out, nonce, plain, []byte(place))
}

// Open gives what Seal sealed for this place.
func (v *Vault) Open(sealed, place string) ([]byte, error) {
	id, body, ok := parse(sealed)
	if !ok {
		return nil, damaged(place, errors.New("not a sealed value"))
	}
	raw, err := base64.RawStdEncoding.Strict().DecodeString(body)
	if err != nil {
		return nil, damaged(place, errors.New("cut off"))
	}
	return v.open(id, raw, place)
}

// OpenBytes gives what SealBytes sealed for this place.
func (v *Vault) OpenBytes(sealed []byte, place string) ([]byte, error) {
	if len(sealed) < headBytes || sealed[0] != formatBytes {
		return nil, damaged(place, errors.New("not a sealed value"))
	}
	return v.open(int(sealed[1])<<16|int(sealed[2])<<8|int(sealed[3]), sealed[headBytes:], place)
}

func (v *Vault) open(id int, raw []byte, place string) ([]byte, error) {
	gcm := v.aead[id]
	if gcm == nil {
		return nil, apperr.New(apperr.Internal, "vault.key_missing", "缺少 %d 号密钥，无法读取封存的个人信息，请联系系统管理员检查密钥配置。", id)
	}
	if len(raw) < gcm.NonceSize()+gcm.Overhead() {
		return nil, damaged(place, errors.New("cut off"))
	}
	plain, err := gcm.Open(nil, raw[:gcm.NonceSize()], raw[gcm.NonceSize():], []byte(place))
	if err != nil {
		return nil, damaged(place, err)
	}
	return plain, nil
}

func damaged(place string, cause error) error {
	return apperr.New(apperr.Internal, "vault.damaged", "封存的个人信息已损坏或被移动，请联系系统管理员从备份恢复。").With(fmt.Errorf("%s: %w", place, cause))
}

// KeyOf gives the number of the key a value was sealed with as text; 0 for what is no sealed value.
func (v *Vault) KeyOf(sealed string) int {
	id, _, ok := parse(sealed)
	if !ok {
		return 0
	}
	return id
}

// parse takes a sealed value apart, as text.
func parse(sealed string) (keyID int, body string, ok bool) {
	rest, ok := strings.CutPrefix(sealed, format+".")
	if !ok {
		return 0, "", false
	}
	number, body, ok := strings.Cut(rest, ".")
	if !ok || number == "" || len(number) > 6 || number[0] == '0' {
		return 0, "", false
	}
	for i := range len(number) {
		if number[i] < '0' || number[i] > '9' {
			return 0, "", false
		}
		keyID = 10*keyID + int(number[i]-'0')
	}
	return keyID, body, true
}

// Blind gives the blind index of a value in a domain, such as "phone": the caller normalises the value first. "" for "".
func (v *Vault) Blind(domain, value string) string {
	if value == "" {
		return ""
	}
	mac, _ := v.macs.Get().(hash.Hash) // the pool has nothing else
	defer v.macs.Put(mac)
	mac.Reset()
	mac.Write([]byte(domain))
	mac.Write([]byte{0})
	mac.Write([]byte(value))
	return hex.EncodeToString(mac.Sum(nil)[:16])
}
