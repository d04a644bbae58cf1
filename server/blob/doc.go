// Package blob keeps the bytes of attachments: sealed, in pieces, in a folder or in whatever else a Store is made of.
//
// # The model
//
// A Store holds bodies by key, “ATTACHMENT/NAME”: the parts of an upload as they come in (part-0007), and what has become of
// them (piece-0000 …, thumb). A Box seals them: it has a key of its own for each attachment, drawn at its start and kept,
// sealed by the vault, in the attachment's row. So a new master key leaves every body as it is, and an attachment whose row has
// lost its key is gone at once, wherever copies of the folder lie.
//
// Picture makes of a photo what is kept of it: turned upright, no larger than needed, encoded anew, so that nothing of what a
// camera writes beside the picture (place, time, device) is left, and nothing that hides behind it. A picture that would take
// too much memory is refused before it is decoded.
//
// # Failure
//
// What Put has taken survives the end of the process at any moment, whole: a body is there or it is not. A body that was
// changed, cut off or moved does not open: ErrDamaged. The folder being away is an error of the operating system, with the key
// but nothing else in it.
package blob

import (
	"context"
	"errors"
)

// Store keeps bodies by key. It is safe for concurrent use, and by several processes. An S3-compatible store fills it with an
// object for each key: PutObject, GetObject, ListObjectsV2 and DeleteObjects under a prefix.
type Store interface {
	// Put keeps a body, in place of the one that was there. When it returns, the body is there to stay.
	Put(ctx context.Context, key string, body []byte) error
	// Get gives a body; ErrNone when there is none.
	Get(ctx context.Context, key string) ([]byte, error)
	// List lists the names of an attachment's bodies, in order.
	List(ctx context.Context, attachment string) ([]string, error)
	// Remove removes those of an attachment's bodies that are named; without names, all and whatever else is left of it.
	// Nothing there is no error.
	Remove(ctx context.Context, attachment string, names ...string) error
}

var (
	// ErrNone says that nothing is kept under a key.
	ErrNone = errors.New("blob: there is none")
	// ErrDamaged says that a body is not what was sealed.
	ErrDamaged = errors.New("blob: damaged")
)
