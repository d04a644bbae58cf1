package api

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"

	"xiaopu/server/auth"
	"xiaopu/server/live"
	"xiaopu/server/workflow"
)

const (
	// heartbeat is how often a stream shows that it lives, and looks whether the session still does.
	heartbeat = 15 * time.Second
	// streamLife is when a client must come back, with a token of then.
	streamLife = 30 * time.Minute
	// writeWithin is how long a client may take to read.
	writeWithin = 10 * time.Second
)

type streamInput struct {
	LastEventID string `header:"Last-Event-ID" maxLength:"60" doc:"收到的最后一个 id；断线重连时给出，接着它之后"`
}

// LiveEvent is the data of one event of the stream.
type LiveEvent struct {
	Kind    live.Kind `json:"kind" enum:"ready,case,inbox,resync,poll,end" doc:"ready 已接通，此后的变化都会告知；case 这件难事有变化，请重新读取（读不到就是已不在您的范围内）；inbox 有新消息；resync 可能漏了变化，请全部重新读取；poll 暂时不完整，请定时刷新，直到下一个 resync；end 登录已结束"`
	CaseID  string    `json:"case_id,omitempty"`
	Number  string    `json:"number,omitempty"`
	Version int64     `json:"version,omitempty" doc:"难事现在的版本"`
}

// stream tells a client what changes in its scope. What it says is checked at that moment against who they are then.
func (s *server) stream(ctx context.Context, in *streamInput) (*huma.StreamResponse, error) {
	x := exchangeOf(ctx)
	l, err := s.live.Listen(x.actor.PersonID, workflow.LiveScope(x.actor), in.LastEventID)
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	return &huma.StreamResponse{Body: func(ctx huma.Context) {
		defer l.Close()
		s.serveStream(humagin.Unwrap(ctx), x, l)
	}}, nil
}

func (s *server) serveStream(g *gin.Context, x *exchange, l *live.Listener) {
	header := g.Writer.Header()
	header.Set("Content-Type", "text/event-stream")
	header.Set("X-Accel-Buffering", "no") // a proxy that waits for more would keep it back
	ctx, cancel := context.WithTimeout(g.Request.Context(), streamLife)
	defer cancel()
	w := eventWriter{g.Writer, http.NewResponseController(g.Writer)}
	_ = w.control.SetReadDeadline(time.Time{}) // the request has been read
	grant := auth.Grant{PersonID: x.actor.PersonID, SessionID: x.sessionID}
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return
		case <-beat.C:
			if !s.stillHears(ctx, x, grant, l) {
				_ = w.event(ctx, live.Change{Kind: live.End})
				return
			}
			err = w.comment(ctx)
		case c, more := <-l.Changes():
			switch {
			case !more:
				return
			case !s.stillHears(ctx, x, grant, l):
				_ = w.event(ctx, live.Change{Kind: live.End})
				return
			case c.Kind != live.Case && c.Kind != live.Inbox, l.Scope().Hears(c): // they may have moved since it was put there
				err = w.event(ctx, c)
			}
		}
		if err == nil && l.Lost() {
			err = w.event(ctx, live.Change{Kind: live.Resync})
		}
		if err != nil {
			return // the client went away
		}
	}
}

// stillHears brings the scope up to now, and reports whether the session lives.
func (s *server) stillHears(ctx context.Context, x *exchange, grant auth.Grant, l *live.Listener) bool {
	if err := s.admit(ctx, x, grant, false); err != nil || !may(x.actor, streamRead) {
		return false
	}
	l.SetScope(workflow.LiveScope(x.actor))
	return true
}

// eventWriter writes server-sent events, each whole and at once.
type eventWriter struct {
	http.ResponseWriter
	control *http.ResponseController
}

func (w eventWriter) event(ctx context.Context, c live.Change) error {
	data, err := json.Marshal(LiveEvent{Kind: c.Kind, CaseID: c.CaseID, Number: c.Number, Version: c.Version})
	if err != nil {
		return err
	}
	text := ""
	if c.ID != "" {
		text = "id: " + c.ID + "\n"
	}
	return w.send(ctx, text+"data: "+string(data)+"\n\n")
}

func (w eventWriter) comment(ctx context.Context) error { return w.send(ctx, ":\n\n") }

func (w eventWriter) send(ctx context.Context, text string) error {
	within, cancel := context.WithTimeout(ctx, writeWithin)
	defer cancel()
	end, _ := within.Deadline()
	_ = w.control.SetWriteDeadline(end) // a writer without deadlines needs none moved
	if _, err := w.Write([]byte(text)); err != nil {
		return err
	}
	return w.control.Flush()
}

func registerStream(s *server, api huma.API, op huma.Operation) {
	huma.Register(api, op, s.stream)
	api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[LiveEvent](), true, "")
}

// documentStream says what the stream's data is.
func documentStream(op *huma.Operation) {
	op.Responses["200"].Content = map[string]*huma.MediaType{"text/event-stream": {Schema: &huma.Schema{Ref: schemaPrefix + "LiveEvent"}}}
}
