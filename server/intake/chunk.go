package intake

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"sync"

	"xiaopu/server/store"
)

// An uploaded file lies in the database in sealed pieces: every replica can read it, and no copy in the clear lies on a disk.

// chunkBytes is the length of every piece but the last. Sealed it is two thirds of a megabyte, which any server takes.
const chunkBytes = 512 << 10

// storeChunks stores what r gives as the file of an import and gives its length and the hash of it all.
func storeChunks(ctx context.Context, im *Importer, id string, r io.Reader) (size int64, sum string, err error) {
	hash := sha256.New()
	piece := make([]byte, chunkBytes)
	for no := 0; ; no++ {
		n, err := fill(r, piece)
		end := errors.Is(err, io.EOF)
		if err != nil && !end {
			return size, "", err
		}
		if n > 0 {
			hash.Write(piece[:n])
			size += int64(n)
			if err := im.DB.AddImportChunk(ctx, id, no, piece[:n], im.clock()); err != nil {
				return size, "", err
			}
		}
		if end {
			return size, hex.EncodeToString(hash.Sum(nil)), nil
		}
	}
}

// fill reads until piece is full. Unlike io.ReadFull it leaves an io.ErrUnexpectedEOF to whoever gave it: an upload that
// broke off is no shorter file.
func fill(r io.Reader, piece []byte) (n int, err error) {
	for n < len(piece) && err == nil {
		var k int
		k, err = r.Read(piece[n:])
		n += k
	}
	return n, err
}

// chunkReader reads a stored file at any place. It remembers the last pieces, because what reads a workbook reads several
// of its parts in turn.
type chunkReader struct {
	ctx  context.Context
	db   *store.DB
	id   string
	size int64

	mu     sync.Mutex
	err    error // the first one met: what reads the file takes it for damage
	pieces [4]struct {
		no   int
		body []byte
	}
	next int
}

// ReadAt is io.ReaderAt's.
func (c *chunkReader) ReadAt(p []byte, off int64) (n int, err error) {
	for n < len(p) {
		if off >= c.size {
			return n, io.EOF
		}
		no := int(off / chunkBytes)
		piece, err := c.piece(no)
		if err != nil {
			return n, err
		}
		at := int(off % chunkBytes)
		if at >= len(piece) {
			return n, io.ErrUnexpectedEOF // shorter than it was
		}
		k := copy(p[n:], piece[at:])
		n += k
		off += int64(k)
	}
	return n, nil
}

func (c *chunkReader) piece(no int) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.pieces {
		if p.body != nil && p.no == no {
			return p.body, nil
		}
	}
	body, err := c.db.ImportChunk(c.ctx, c.id, no)
	if err != nil {
		if c.err == nil {
			c.err = err
		}
		return nil, err
	}
	c.pieces[c.next].no, c.pieces[c.next].body = no, body
	c.next = (c.next + 1) % len(c.pieces)
	return body, nil
}

// failed gives why a piece could not be read; nil when all could.
func (c *chunkReader) failed() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}
