package workflow

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"

	"xiaopu/server/apperr"
	"xiaopu/server/blob"
	"xiaopu/server/casework"
	"xiaopu/server/store"
	"xiaopu/server/ticket"
)

// An upload belongs to the person who makes it. It comes in parts, in any order and each as often as the network needs, and is
// then completed: the parts become what is kept. A command that names it brings it into a case; what none has named within
// uploadLife is dropped.

const (
	// PartBytes is the size of every part but the last: what a phone on a bad network gets through within the time of a request.
	PartBytes = 256 << 10

	uploadLife = 24 * time.Hour
	// dropRest is how long a dropped upload's row still says so: a part that was on its way when it was dropped is removed then.
	dropRest = time.Hour
	// Bounds of what one person has uploaded that is in no case yet.
	maxUploads     = 30
	maxUploadBytes = 150 << 20
	// linkLife is how long a link to a file is good.
	linkLife = 5 * time.Minute
	// picturesAtOnce bounds the memory that decoding takes.
	picturesAtOnce = 2
)

var errNoBlobs = apperr.New(apperr.Unavailable, "attachment.unavailable", "本服务没有启用附件功能，请联系系统管理员。")

// NewUpload is what a client says of a file before it sends it.
type NewUpload struct {
	Name   string `json:"name,omitempty" maxLength:"255" doc:"文件名，只给能看到附件的工作人员看；其中的电话和证件号码会被遮盖。诉求人上传的不留文件名"`
	Size   int64  `json:"size" minimum:"1" doc:"字节数"`
	SHA256 string `json:"sha256,omitempty" pattern:"^[0-9a-f]{64}$" doc:"整个文件的 SHA-256；给出则收齐后核对"`
}

// UploadView is an upload as its owner sees it.
type UploadView struct {
	ID        string    `json:"id" doc:"完成后也是附件的 id"`
	State     string    `json:"state" enum:"uploading,ready,kept" doc:"uploading 上传中；ready 已完成，还没有用；kept 已用在难事里"`
	PartBytes int       `json:"part_bytes" doc:"每段的字节数，最后一段为余下的"`
	Parts     int       `json:"parts" doc:"共几段，从 0 起编号"`
	Received  []int     `json:"received" doc:"已经收妥的段；断线后只须补传其余的"`
	Until     time.Time `json:"until" doc:"到这时还没有用，就会删除"`
	Type      string    `json:"type,omitempty" doc:"image/jpeg、image/png 或 application/pdf"`
	Size      int64     `json:"size,omitempty" doc:"留存的字节数"`
	Width     int       `json:"width,omitempty" doc:"像素"`
	Height    int       `json:"height,omitempty" doc:"像素"`
}

func parts(a store.Attachment) int { return int((a.Announced + PartBytes - 1) / PartBytes) }

// StartUpload begins an upload. The same key again gives the same upload.
func (e *Engine) StartUpload(ctx context.Context, actor casework.Actor, up NewUpload, key string) (UploadView, error) {
	k, err := e.Knowledge(ctx)
	switch {
	case err != nil:
		return UploadView{}, err
	case e.blobs == nil:
		return UploadView{}, errNoBlobs
	case up.Size > blob.MaxBytes:
		return UploadView{}, apperr.New(apperr.InvalidArgument, "attachment.too_large", "文件太大：最多 %d MB。照片请用微信的压缩图，PDF 请拆成几份或降低扫描精度。", blob.MaxBytes>>20)
	}
	a := store.Attachment{
		ID: newID(), Owner: actor.PersonID, Name: shownName(up.Name), Key: blob.NewKey(), State: store.AttachmentUploading,
		Announced: up.Size, Digest: up.SHA256, CreatedAt: e.Now(k),
	}
	if onlyRequester(actor) {
		a.Name = "" // words of theirs that nobody has looked at
	}
	a.DropAt = a.CreatedAt.Add(uploadLife)
	q, err := e.keyed(actor.PersonID, key, "upload", up)
	if err != nil {
		return UploadView{}, err
	}
	return once(ctx, e, q, func(id string) (UploadView, error) { return e.Upload(ctx, actor, id) }, func() (UploadView, error) {
		return uploadView(a, []int{}), e.startUpload(ctx, a, q)
	})
}

func (e *Engine) startUpload(ctx context.Context, a store.Attachment, q keyed) error {
	return e.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		n, bytes, err := tx.Uploads(ctx, a.Owner)
		if err != nil {
			return err
		}
		if n >= maxUploads || bytes+a.Announced > maxUploadBytes {
			return apperr.New(apperr.ResourceExhausted, "attachment.too_many", "您已上传、还没有使用的附件太多（最多 %d 份、%d MB），请先提交或删除一些；一天内没有用的会自动删除。", maxUploads, maxUploadBytes>>20)
		}
		if err := q.done(ctx, tx, a.ID, a.CreatedAt); err != nil {
			return err
		}
		return tx.InsertAttachment(ctx, a)
	})
}

// shownName is a file's name without its path, what cannot be shown, and numbers that name somebody.
func shownName(name string) string {
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	return ticket.MaskText(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || !unicode.IsPrint(r) || r == unicode.ReplacementChar {
			return -1
		}
		return r
	}, strings.ToValidUTF8(name, "")))
}

func uploadView(a store.Attachment, received []int) UploadView {
	return UploadView{
		ID: a.ID, State: string(a.State), PartBytes: PartBytes, Parts: parts(a), Received: received, Until: a.DropAt,
		Type: a.Type, Size: a.Size, Width: a.Width, Height: a.Height,
	}
}

// upload loads the actor's own upload with its box. What is somebody else's does not exist.
func (e *Engine) upload(ctx context.Context, actor casework.Actor, id string) (store.Attachment, *blob.Box, error) {
	if e.blobs == nil {
		return store.Attachment{}, nil, errNoBlobs
	}
	a, err := e.db.Attachment(ctx, id)
	switch {
	case err != nil:
		return a, nil, err
	case a.Owner != actor.PersonID, a.State == store.AttachmentErased:
		return a, nil, store.ErrNoAttachment
	case a.State == store.AttachmentDropped:
		return a, nil, apperr.New(apperr.FailedPrecondition, "attachment.dropped", "这次上传已经放弃，或文件不能使用，请重新选择文件上传。")
	}
	box, err := blob.NewBox(e.blobs, a.ID, a.Key)
	return a, box, err
}

// Upload tells how far an upload has come.
func (e *Engine) Upload(ctx context.Context, actor casework.Actor, id string) (UploadView, error) {
	a, box, err := e.upload(ctx, actor, id)
	if err != nil {
		return UploadView{}, err
	}
	received := []int{}
	if a.State == store.AttachmentUploading {
		if received, err = box.Parts(ctx); err != nil {
			return UploadView{}, e.blobAway(ctx, err)
		}
	}
	return uploadView(a, received), nil
}

// blobAway logs why bytes cannot be kept or read; the person is told that it is not their fault.
func (e *Engine) blobAway(ctx context.Context, err error) error {
	e.log.ErrorContext(ctx, "attachments cannot be kept or read", slog.Any("error", err))
	return apperr.New(apperr.Unavailable, "attachment.storage", "附件暂时存取不了，已收到的部分不会丢失，请稍后再试；如一直如此，请联系系统管理员。").With(err)
}

// PutPart keeps a part of an upload, from 0. When it returns, the part is there to stay; the same part again takes its place.
func (e *Engine) PutPart(ctx context.Context, actor casework.Actor, id string, no int, body []byte) error {
	a, box, err := e.upload(ctx, actor, id)
	if err != nil {
		return err
	}
	if a.State != store.AttachmentUploading {
		return nil // it is complete: an answer was lost
	}
	if no < 0 || no >= parts(a) {
		return apperr.New(apperr.InvalidArgument, "attachment.part", "没有第 %d 段：这个文件分为 %d 段，从 0 起编号。", no, parts(a))
	}
	if want := min(PartBytes, a.Announced-int64(no)*PartBytes); int64(len(body)) != want {
		return apperr.New(apperr.InvalidArgument, "attachment.part_size", "第 %d 段没有传完整：应为 %d 字节，收到 %d 字节，请重传这一段。", no, want, len(body))
	}
	if err := box.PutPart(ctx, no, body); err != nil {
		return e.blobAway(ctx, err)
	}
	return nil
}

// CompleteUpload makes of the parts what is kept. Doing it again gives the same. A file that is not of a kind that is kept is
// refused and dropped; one that did not come in as it was sent must be sent again.
func (e *Engine) CompleteUpload(ctx context.Context, actor casework.Actor, id string) (UploadView, error) {
	a, box, err := e.upload(ctx, actor, id)
	if err != nil {
		return UploadView{}, err
	}
	if a.State != store.AttachmentUploading {
		return uploadView(a, []int{}), nil
	}
	body, err := e.assemble(ctx, a, box)
	if err != nil {
		return UploadView{}, err
	}
	kept, err := e.finished(ctx, actor, body)
	if err != nil {
		var refused *apperr.Error
		if errors.As(err, &refused) && refused.Code == apperr.InvalidArgument {
			err = errors.Join(err, e.dropUpload(ctx, a.ID))
		}
		return UploadView{}, err
	}
	if a.SHA256, err = box.Write(ctx, kept.Body, kept.Thumb); err != nil {
		return UploadView{}, e.blobAway(ctx, err)
	}
	a.Type, a.Size, a.Thumb, a.Width, a.Height = kept.Type, int64(len(kept.Body)), kept.Thumb != nil, kept.Width, kept.Height
	err = e.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error { return tx.AttachmentIsReady(ctx, a) })
	if errors.Is(err, store.ErrAttachmentTaken) { // the same request came twice at once, and the other one did it
		return e.Upload(ctx, actor, id)
	}
	if err != nil {
		return UploadView{}, err
	}
	a.State = store.AttachmentReady
	if err := box.DropAllBut(ctx, a.SHA256); err != nil { // it lies beside it until it goes
		e.log.WarnContext(ctx, "what an upload came from not removed", slog.String("attachment", a.ID), slog.Any("error", err))
	}
	return uploadView(a, []int{}), nil
}

// assemble puts the parts together and holds them to what was announced.
func (e *Engine) assemble(ctx context.Context, a store.Attachment, box *blob.Box) ([]byte, error) {
	body := make([]byte, 0, a.Announced)
	var missing []string
	for no := range parts(a) {
		part, err := box.Part(ctx, no)
		switch {
		case errors.Is(err, blob.ErrNone):
			missing = append(missing, fmt.Sprint(no))
		case err != nil:
			return nil, e.blobAway(ctx, err)
		}
		body = append(body, part...)
	}
	if len(missing) > 0 {
		const told = 10
		which := strings.Join(missing[:min(len(missing), told)], "、")
		if len(missing) > told {
			which += " 等"
		}
		return nil, apperr.New(apperr.FailedPrecondition, "attachment.incomplete", "还有 %d 段没有收到（第 %s 段），请补传后再完成。", len(missing), which)
	}
	sum := sha256.Sum256(body)
	if int64(len(body)) != a.Announced || a.Digest != "" && a.Digest != hex.EncodeToString(sum[:]) {
		if err := box.DropParts(ctx); err != nil {
			return nil, e.blobAway(ctx, err)
		}
		return nil, apperr.New(apperr.FailedPrecondition, "attachment.differs", "收到的内容与原文件不一致，请重新上传各段。")
	}
	return body, nil
}

// finished makes of a file what is kept of it: a picture encoded anew, a document as it is. Residents bring pictures only, since
// nothing looks into a document before others open it.
func (e *Engine) finished(ctx context.Context, actor casework.Actor, body []byte) (blob.Picture, error) {
	kind, err := blob.Kind(body)
	if err != nil {
		return blob.Picture{}, err
	}
	if kind == blob.PDF {
		if onlyRequester(actor) {
			return blob.Picture{}, apperr.New(apperr.InvalidArgument, "attachment.type", "只能上传照片（JPG 或 PNG）；纸质材料请拍照上传。")
		}
		return blob.Picture{Type: kind, Body: body}, nil
	}
	select {
	case e.decoding <- struct{}{}:
		defer func() { <-e.decoding }()
	case <-ctx.Done():
		return blob.Picture{}, ctx.Err()
	}
	return blob.NewPicture(body)
}

// DropUpload gives up one's own upload. What is in a case is not one any more: failed_precondition attachment.in_case.
func (e *Engine) DropUpload(ctx context.Context, actor casework.Actor, id string) error {
	a, _, err := e.upload(ctx, actor, id)
	if err != nil {
		return err
	}
	if a.State == store.AttachmentKept {
		return errInCase
	}
	err = e.dropUpload(ctx, id)
	if errors.Is(err, store.ErrAttachmentTaken) {
		return errInCase
	}
	return err
}

var errInCase = apperr.New(apperr.FailedPrecondition, "attachment.in_case", "这个附件已经用在难事里，不能删除。")

func (e *Engine) dropUpload(ctx context.Context, id string) error {
	k, err := e.Knowledge(ctx)
	if err != nil {
		return err
	}
	from := e.Now(k).Add(dropRest)
	if err := e.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error { return tx.DropAttachment(ctx, id, from) }); err != nil {
		return err
	}
	if err := e.blobs.Remove(ctx, id); err != nil { // the sweep does it then
		e.log.WarnContext(ctx, "an upload's bytes not removed yet", slog.String("attachment", id), slog.Any("error", err))
	}
	return nil
}

// dropBatch is how many attachments are dropped between two looks.
const dropBatch = 100

// DropAttachments drops uploads that no command has named in time, and removes the bytes of what is dropped or erased. Any number
// of processes may do it at once. Twice does no harm.
func (e *Engine) DropAttachments(ctx context.Context) error {
	k, err := e.Knowledge(ctx)
	if err != nil || e.blobs == nil {
		return err
	}
	for {
		now := e.Now(k)
		list, err := e.db.DueAttachments(ctx, now, dropBatch)
		if err != nil || len(list) == 0 {
			return err
		}
		var failed []error
		for _, d := range list {
			if err := e.dropDue(ctx, d); err != nil {
				failed = append(failed, fmt.Errorf("attachment %s: %w", d.ID, err))
			}
		}
		if len(failed) > 0 { // the others are gone; what is behind them comes with the next run
			return errors.Join(failed...)
		}
	}
}

func (e *Engine) dropDue(ctx context.Context, d store.Dropping) error {
	if d.State == store.AttachmentUploading || d.State == store.AttachmentReady {
		if err := e.dropUpload(ctx, d.ID); !errors.Is(err, store.ErrAttachmentTaken) {
			return err
		}
		return nil
	}
	if err := e.blobs.Remove(ctx, d.ID); err != nil {
		return fmt.Errorf("remove its bytes: %w", err)
	}
	return e.db.InTx(ctx, func(ctx context.Context, tx *store.Tx) error { return tx.AttachmentIsGone(ctx, d.ID) })
}

// files finds the attachments that a command names and the actor may use: their own, in no case yet.
func (w *writer) files(ctx context.Context, actor casework.Actor, cmd casework.Command) (map[string]casework.File, error) {
	ids := casework.AttachmentsOf(cmd)
	if len(ids) == 0 {
		return nil, nil
	}
	files := map[string]casework.File{}
	for _, id := range ids {
		a, err := w.tx.Attachment(ctx, id)
		if errors.Is(err, store.ErrNoAttachment) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if a.Owner == actor.PersonID && a.State == store.AttachmentReady {
			f := casework.File{SHA256: a.SHA256, Type: a.Type, Size: a.Size}
			if w.screened {
				f.Review = casework.ReviewWaiting
			}
			files[id] = f
		}
	}
	return files, nil
}

// keepFiles notes which attachments a command has brought into its case.
func (w *writer) keepFiles(ctx context.Context, actor casework.Actor, before, after casework.Case) error {
	for _, id := range slices.Sorted(maps.Keys(after.Files)) {
		if _, had := before.Files[id]; had {
			continue
		}
		if err := w.tx.KeepAttachment(ctx, id, actor.PersonID, after.ID, w.now); err != nil {
			return err
		}
	}
	return nil
}

// AttachmentView is an attachment of a case, with links to it.
type AttachmentView struct {
	ID        string        `json:"id"`
	Name      string        `json:"name,omitempty"`
	Type      string        `json:"type" doc:"image/jpeg、image/png 或 application/pdf"`
	Size      int64         `json:"size" doc:"字节数"`
	Width     int           `json:"width,omitempty" doc:"像素"`
	Height    int           `json:"height,omitempty" doc:"像素"`
	With      casework.Name `json:"with" doc:"随哪一步提交"`
	WithLabel string        `json:"with_label" doc:"随哪一步提交，显示用"`
	By        *Named        `json:"by,omitempty" doc:"谁提交的（仅工作人员可见）"`
	At        time.Time     `json:"at"`
	Public    bool          `json:"public" doc:"诉求人也能看到"`
	// Review is where what a resident brought stands.
	Review   casework.ContentReview `json:"review,omitempty" doc:"诉求人上传的：waiting 待审核、refused 未通过，这时只有本人和城运中心看得到；空为无须审核或已通过"`
	Erased   bool                   `json:"erased,omitempty" doc:"保存期满，内容已删除"`
	URL      string                 `json:"url,omitempty" doc:"内容的地址，无需令牌；只在 url_until 之前、您的这次登录有效期间可用，请勿保存"`
	ThumbURL string                 `json:"thumb_url,omitempty" doc:"缩略图的地址"`
	URLUntil *time.Time             `json:"url_until,omitempty" doc:"地址可用到何时"`
}

// FilesPath is where files are read by their links.
const FilesPath = "/api/v1/files/"

// Attachments lists the attachments of a case that the caller sees, in the order of their upload, with links that are good for a
// few minutes of this session.
func (e *Engine) Attachments(ctx context.Context, actor casework.Actor, session, caseID, after string, limit int) (Page[AttachmentView], error) {
	page := Page[AttachmentView]{Items: []AttachmentView{}}
	k, err := e.Knowledge(ctx)
	if err != nil {
		return page, err
	}
	l, sight, err := e.visible(ctx, actor, caseID)
	if err != nil {
		return page, err
	}
	if sight == casework.Masked {
		return page, store.ErrNoCase
	}
	rows, err := e.db.CaseAttachments(ctx, l.Case.ID, after, limit+1)
	if err != nil {
		return page, err
	}
	for i, a := range rows {
		if i == limit {
			page.Next = rows[i-1].ID
			break
		}
		f, ok := l.Case.Files[a.ID]
		if !ok || !casework.SeesFile(f, actor, sight) {
			continue
		}
		v := fileView(a, f)
		if sight == casework.Full {
			v.By = k.person(f.By)
		} else if f.By != actor.PersonID {
			v.Name = "" // whoever named it did not write for them
		}
		if !v.Erased {
			if err := e.link(&v, a, actor, session, linkLife); err != nil {
				return page, err
			}
		}
		page.Items = append(page.Items, v)
	}
	return page, nil
}

func fileView(a store.Attachment, f casework.File) AttachmentView {
	v := AttachmentView{
		ID: a.ID, Name: a.Name, Type: f.Type, Size: f.Size, Width: a.Width, Height: a.Height, With: f.With, WithLabel: f.With.Label(),
		At: f.At, Public: f.Public, Review: f.Review, Erased: a.State == store.AttachmentErased,
	}
	if f.TicketID != "" {
		v.Name = "" // a requester's own words, kept before StartUpload left them out
	}
	return v
}

// FileLink is what a link to a file says, sealed: whose it is, and until when. So it names nobody, cannot be changed or made, and
// ends with the session that asked for it.
type FileLink struct {
	Attachment string `json:"a"`
	Thumb      bool   `json:"t,omitempty"`
	PersonID   string `json:"p"`
	SessionID  string `json:"s,omitempty"`
	Until      int64  `json:"u"` // Unix seconds
}

const placeOfLink = "attachments.link"

func (e *Engine) link(v *AttachmentView, a store.Attachment, actor casework.Actor, session string, life time.Duration) error {
	until := e.clock().Add(life).Truncate(time.Second).UTC()
	address := func(thumb bool) (string, error) {
		plain, err := json.Marshal(FileLink{a.ID, thumb, actor.PersonID, session, until.Unix()})
		if err != nil {
			return "", err
		}
		sealed, err := e.db.Sealer().SealBytes(plain, placeOfLink)
		return FilesPath + base64.RawURLEncoding.EncodeToString(sealed), err
	}
	var err, thumbErr error
	v.URL, err = address(false)
	if a.Thumb {
		v.ThumbURL, thumbErr = address(true)
	}
	v.URLUntil = &until
	return cmp.Or(err, thumbErr)
}

// OpenLink reads a link that is still good. attachment.not_found for anything else: whoever guesses learns nothing.
func (e *Engine) OpenLink(token string) (FileLink, error) {
	var l FileLink
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil {
		return l, errLinkOver
	}
	plain, err := e.db.Sealer().OpenBytes(sealed, placeOfLink)
	if err != nil || json.Unmarshal(plain, &l) != nil || e.clock().Unix() > l.Until {
		return FileLink{}, errLinkOver
	}
	return l, nil
}

var errLinkOver = apperr.New(apperr.NotFound, "attachment.link_over", "这个地址已失效，请返回刷新后重新打开。")

// File is the content of an attachment, or its small picture.
type File struct {
	Type string
	io.ReadSeeker
}

// File opens what a link leads to, for the person it was made for: they must see the attachment now, not only when it was made.
func (e *Engine) File(ctx context.Context, actor casework.Actor, link FileLink) (File, error) {
	a, err := e.db.Attachment(ctx, link.Attachment)
	if err != nil {
		return File{}, err
	}
	if a.State != store.AttachmentKept {
		return File{}, store.ErrNoAttachment
	}
	if a.NoteID != "" {
		if err := e.noteFile(ctx, actor, a); err != nil {
			return File{}, err
		}
		return e.open(ctx, a, link.Thumb)
	}
	l, sight, err := e.visible(ctx, actor, a.CaseID)
	if err != nil {
		return File{}, err
	}
	if f, ok := l.Case.Files[a.ID]; !ok || !casework.SeesFile(f, actor, sight) {
		return File{}, store.ErrNoAttachment
	}
	return e.open(ctx, a, link.Thumb)
}

// open opens an attachment that is kept, or its small picture.
func (e *Engine) open(ctx context.Context, a store.Attachment, thumb bool) (File, error) {
	if e.blobs == nil {
		return File{}, errNoBlobs
	}
	box, err := blob.NewBox(e.blobs, a.ID, a.Key)
	if err != nil {
		return File{}, err
	}
	if thumb {
		small, err := box.Thumb(ctx, a.SHA256)
		if err != nil {
			return File{}, e.blobAway(ctx, err)
		}
		return File{Type: blob.JPEG, ReadSeeker: strings.NewReader(string(small))}, nil
	}
	content := box.Open(ctx, a.SHA256, a.Size)
	// The first piece now, so that what cannot be read is told and not cut off.
	if _, err := content.Read(make([]byte, 1)); err != nil {
		return File{}, e.blobAway(ctx, err)
	}
	_, err = content.Seek(0, io.SeekStart)
	return File{Type: a.Type, ReadSeeker: content}, err
}
