package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"

	"xiaopu/server/auth"
	"xiaopu/server/blob"
	"xiaopu/server/workflow"
)

type startUploadInput struct {
	Key  string `header:"Idempotency-Key" maxLength:"100" doc:"这次提交的编号，由客户端生成；网络不好重发时用同一个编号，得到同一个上传"`
	Body workflow.NewUpload
}

func (s *server) startUpload(ctx context.Context, in *startUploadInput) (workflow.UploadView, error) {
	return s.engine.StartUpload(ctx, actorOf(ctx), in.Body, in.Key)
}

type uploadInput struct {
	ID string `path:"id" maxLength:"40" doc:"上传的 id"`
}

func (s *server) upload(ctx context.Context, in *uploadInput) (workflow.UploadView, error) {
	return s.engine.Upload(ctx, actorOf(ctx), in.ID)
}

type partInput struct {
	ID      string `path:"id" maxLength:"40" doc:"上传的 id"`
	No      int    `path:"no" minimum:"0" maximum:"1000" doc:"第几段，从 0 起"`
	RawBody []byte `contentType:"application/octet-stream"`
}

func (s *server) putPart(ctx context.Context, in *partInput) (struct{}, error) {
	return struct{}{}, s.engine.PutPart(ctx, actorOf(ctx), in.ID, in.No, in.RawBody)
}

func (s *server) completeUpload(ctx context.Context, in *uploadInput) (workflow.UploadView, error) {
	return s.engine.CompleteUpload(ctx, actorOf(ctx), in.ID)
}

func (s *server) dropUpload(ctx context.Context, in *uploadInput) (struct{}, error) {
	return struct{}{}, s.engine.DropUpload(ctx, actorOf(ctx), in.ID)
}

type caseAttachmentsInput struct {
	ID     string `path:"id" maxLength:"40" doc:"难事的 id 或编号"`
	Cursor string `query:"cursor" maxLength:"40" doc:"上一页的 next"`
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"20" doc:"每页约多少条；看不到的不列出"`
}

func (s *server) caseAttachments(ctx context.Context, in *caseAttachmentsInput) (workflow.Page[workflow.AttachmentView], error) {
	onCase(ctx, in.ID)
	x := exchangeOf(ctx)
	return s.engine.Attachments(ctx, x.actor, x.sessionID, in.ID, in.Cursor, in.Limit)
}

type fileInput struct {
	Token string `path:"token" maxLength:"1000" doc:"附件列表给出的地址的末段"`
}

// file gives what a link leads to. The platform that checks pictures has one of its own, without a session. Pictures are shown where a page shows them with no header to send, so the link itself is what
// lets in; but it is no more than its owner could read now: their session must live, which pictures do not prolong, and they must
// see the case.
func (s *server) file(ctx context.Context, in *fileInput) (*huma.StreamResponse, error) {
	f, err := s.linked(ctx, in.Token)
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	return &huma.StreamResponse{Body: func(ctx huma.Context) {
		g := humagin.Unwrap(ctx)
		disposition := "inline"
		if f.Type == blob.PDF { // a page of its own could not show it under our headers
			disposition = "attachment; filename=attachment.pdf"
		}
		g.Header("Content-Type", f.Type)
		g.Header("Content-Disposition", disposition)
		http.ServeContent(g.Writer, g.Request, "", time.Time{}, f) // parts of it too, for networks that break off
	}}, nil
}

func (s *server) linked(ctx context.Context, token string) (workflow.File, error) {
	if f, ok, err := s.engine.FileToCheck(ctx, token); ok {
		return f, err
	}
	link, err := s.engine.OpenLink(token)
	if err != nil {
		return workflow.File{}, err
	}
	x := exchangeOf(ctx)
	if err := s.admit(ctx, x, auth.Grant{PersonID: link.PersonID, SessionID: link.SessionID}, false); err != nil {
		return workflow.File{}, err
	}
	return s.engine.File(ctx, x.actor, link)
}

// documentFile says what a file is.
func documentFile(op *huma.Operation) {
	binary := &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}
	op.Responses["200"].Content = map[string]*huma.MediaType{blob.JPEG: binary, blob.PNG: binary, blob.PDF: binary}
}
