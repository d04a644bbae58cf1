package blob

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"xiaopu/server/vault"
)

// PieceBytes is how much of an attachment is sealed in one piece.
const PieceBytes = 512 << 10

// KeyBytes is the length of an attachment's own key.
const KeyBytes = vault.KeyBytes

// NewKey draws the key of a new attachment.
func NewKey() []byte {
	key := make([]byte, KeyBytes)
	_, _ = rand.Read(key) // never fails
	return key
}

// Box seals and opens the bodies of one attachment.
type Box struct {
	store      Store
	attachment string
	vault      *vault.Vault
}

// NewBox is the box of an attachment that has this key.
func NewBox(store Store, attachment string, key []byte) (*Box, error) {
	v, err := vault.New(vault.Keys{1: key}, key)
	if err != nil {
		return nil, fmt.Errorf("blob: the key of attachment %s: %w", attachment, err)
	}
	return &Box{store: store, attachment: attachment, vault: v}, nil
}

func (b *Box) key(name string) string { return b.attachment + "/" + name }

// Put seals a body and keeps it under a name.
func (b *Box) Put(ctx context.Context, name string, body []byte) error {
	sealed, err := b.vault.SealBytes(body, b.key(name))
	if err != nil {
		return err
	}
	return b.store.Put(ctx, b.key(name), sealed)
}

// Get gives the body of a name. ErrNone, ErrDamaged.
func (b *Box) Get(ctx context.Context, name string) ([]byte, error) {
	sealed, err := b.store.Get(ctx, b.key(name))
	if err != nil {
		return nil, err
	}
	body, err := b.vault.OpenBytes(sealed, b.key(name))
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrDamaged, b.key(name), err)
	}
	return body, nil
}

// What an attachment has become is named after its hash: whoever completes it at the same time from other parts writes
// beside it, never over it.
func pieceName(hash string, no int) string { return fmt.Sprintf("piece-%.16s-%04d", hash, no) }

func thumbName(hash string) string { return fmt.Sprintf("thumb-%.16s", hash) }

// Write keeps what an attachment has become, in pieces, with its small picture if it has one, and gives its hash in hex.
// Doing it again does no harm.
func (b *Box) Write(ctx context.Context, body, thumb []byte) (hash string, err error) {
	sum := sha256.Sum256(body)
	hash = hex.EncodeToString(sum[:])
	for no := 0; no*PieceBytes < len(body); no++ {
		if err := b.Put(ctx, pieceName(hash, no), body[no*PieceBytes:min((no+1)*PieceBytes, len(body))]); err != nil {
			return "", err
		}
	}
	if thumb != nil {
		if err := b.Put(ctx, thumbName(hash), thumb); err != nil {
			return "", err
		}
	}
	return hash, nil
}

// Thumb gives the small picture that was kept with the body of a hash. ErrNone, ErrDamaged.
func (b *Box) Thumb(ctx context.Context, hash string) ([]byte, error) {
	return b.Get(ctx, thumbName(hash))
}

// DropAllBut removes the parts and what was kept under other hashes.
func (b *Box) DropAllBut(ctx context.Context, hash string) error {
	pieces, _ := strings.CutSuffix(pieceName(hash, 0), "0000")
	return b.drop(ctx, func(name string) bool { return name != thumbName(hash) && !strings.HasPrefix(name, pieces) })
}

// DropParts removes the parts: they must be sent again.
func (b *Box) DropParts(ctx context.Context) error {
	return b.drop(ctx, func(name string) bool { return strings.HasPrefix(name, partPrefix) })
}

func (b *Box) drop(ctx context.Context, is func(name string) bool) error {
	names, err := b.store.List(ctx, b.attachment)
	if err != nil {
		return err
	}
	if names = slices.DeleteFunc(names, func(name string) bool { return !is(name) }); len(names) == 0 {
		return nil
	}
	return b.store.Remove(ctx, b.attachment, names...)
}

// PutPart keeps a part of an upload, from 0.
func (b *Box) PutPart(ctx context.Context, no int, body []byte) error {
	return b.Put(ctx, partName(no), body)
}

const partPrefix = "part-"

func partName(no int) string { return fmt.Sprintf("%s%04d", partPrefix, no) }

// Parts lists the parts that are kept.
func (b *Box) Parts(ctx context.Context) ([]int, error) {
	names, err := b.store.List(ctx, b.attachment)
	if err != nil {
		return nil, err
	}
	parts := []int{}
	for _, name := range names {
		var no int
		if _, err := fmt.Sscanf(name, partPrefix+"%d", &no); err == nil && name == partName(no) {
			parts = append(parts, no)
		}
	}
	return parts, nil
}

// Part gives a part. ErrNone, ErrDamaged.
func (b *Box) Part(ctx context.Context, no int) ([]byte, error) { return b.Get(ctx, partName(no)) }

// Open gives what Write has kept under a hash, size bytes long, to read from anywhere: a piece is opened when it is needed.
func (b *Box) Open(ctx context.Context, hash string, size int64) io.ReadSeeker {
	return &reader{ctx: ctx, box: b, hash: hash, size: size, no: -1}
}

type reader struct {
	ctx   context.Context // of the request that reads, and not longer
	box   *Box
	hash  string
	size  int64
	at    int64
	no    int // of the piece at hand
	piece []byte
}

func (r *reader) Read(p []byte) (int, error) {
	if r.at >= r.size {
		return 0, io.EOF
	}
	if no := int(r.at / PieceBytes); no != r.no {
		piece, err := r.box.Get(r.ctx, pieceName(r.hash, no))
		if err != nil {
			return 0, err
		}
		if int64(len(piece)) != min(PieceBytes, r.size-int64(no)*PieceBytes) {
			return 0, fmt.Errorf("%w: %s is not as long as it was", ErrDamaged, r.box.key(pieceName(r.hash, no)))
		}
		r.no, r.piece = no, piece
	}
	n := copy(p, r.piece[r.at-int64(r.no)*PieceBytes:])
	r.at += int64(n)
	return n, nil
}

func (r *reader) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += r.at
	case io.SeekEnd:
		offset += r.size
	}
	if offset < 0 {
		return 0, errors.New("blob: before the beginning")
	}
	r.at = offset
	return offset, nil
}

// Hash reads what Write has kept under a hash and gives the one it has now, in hex.
func (b *Box) Hash(ctx context.Context, hash string, size int64) (string, error) {
	h := sha256.New()
	if _, err := io.Copy(h, b.Open(ctx, hash, size)); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
