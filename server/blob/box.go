package blob

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
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

func pieceName(no int) string { return fmt.Sprintf("piece-%04d", no) }

// Thumb is the name of the small picture.
const Thumb = "thumb"

// Write keeps what an attachment has become, in pieces, and gives its hash in hex. Doing it again does no harm.
func (b *Box) Write(ctx context.Context, body []byte) (hash string, err error) {
	for no := 0; no*PieceBytes < len(body); no++ {
		if err := b.Put(ctx, pieceName(no), body[no*PieceBytes:min((no+1)*PieceBytes, len(body))]); err != nil {
			return "", err
		}
	}
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:]), nil
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

// DropParts removes the parts, once the attachment has become what it is to be.
func (b *Box) DropParts(ctx context.Context) error {
	names, err := b.store.List(ctx, b.attachment)
	if err != nil {
		return err
	}
	var parts []string
	for _, name := range names {
		if strings.HasPrefix(name, partPrefix) {
			parts = append(parts, name)
		}
	}
	if len(parts) == 0 {
		return nil
	}
	return b.store.Remove(ctx, b.attachment, parts...)
}

// Open gives what Write has kept, size bytes long, to read from anywhere: a piece is opened when it is needed.
func (b *Box) Open(ctx context.Context, size int64) io.ReadSeeker {
	return &reader{ctx: ctx, box: b, size: size, no: -1}
}

type reader struct {
	ctx   context.Context // of the request that reads, and not longer
	box   *Box
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
		piece, err := r.box.Get(r.ctx, pieceName(no))
		if err != nil {
			return 0, err
		}
		if int64(len(piece)) != min(PieceBytes, r.size-int64(no)*PieceBytes) {
			return 0, fmt.Errorf("%w: %s is not as long as it was", ErrDamaged, r.box.key(pieceName(no)))
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

// Hash reads what Write has kept and gives its hash in hex.
func (b *Box) Hash(ctx context.Context, size int64) (string, error) {
	h := sha256.New()
	if _, err := io.Copy(h, b.Open(ctx, size)); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
