package api

import (
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/gin-gonic/gin"

	"xiaopu/server/apperr"
)

// Preview serves the mini-program in a browser, for development and demonstration: never in production, since whoever opens
// it chooses whose phone they hold.
type Preview struct {
	// Dir is where miniprogram/preview/build.mjs has put it.
	Dir string
	// StandIn is the address of the stand-in for WeChat, whose phones these are.
	StandIn string
	// People are those to choose from; their ids are the phones'.
	People []PreviewPerson
}

// PreviewPerson is somebody whose phone one can hold.
type PreviewPerson struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Role string `json:"role"`
}

const previewPath = "/m"

// previewPolicy lets the page load what this server has. The mini-program's styles stand in its elements; the photos that
// people choose are blobs.
const previewPolicy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"

// previewOrders are those of the stand-in that a mini-program may ask for as wx.login and its like.
var previewOrders = map[string]bool{"login": true, "phone-code": true, "subscribe": true}

var (
	errNoPreview = apperr.New(apperr.NotFound, "preview.not_built", "还没有生成小程序预览：请安装 Node.js 20 或更高版本，运行 make preview，然后刷新。")
	errNoPhones  = apperr.New(apperr.Unavailable, "preview.no_phones", "没有模拟手机：请用 serve --demo 启动，或先启动 xiaopu wechat-sim。")
)

// servePreview puts the preview on the router.
func (s *server) servePreview(router *gin.Engine) {
	if s.miniProgram == nil {
		return
	}
	router.GET(previewPath, func(c *gin.Context) { c.Redirect(http.StatusFound, previewPath+"/") })
	router.GET(previewPath+"/", s.previewFile)
	router.GET(previewPath+"/:file", s.previewFile)
	router.GET(previewPath+"/people", func(c *gin.Context) {
		if s.miniProgram.StandIn == "" {
			s.write(c, newProblem(exchangeOf(c.Request.Context()), errNoPhones))
			return
		}
		c.JSON(http.StatusOK, s.miniProgram.People)
	})
	router.POST(previewPath+"/wechat/:order", s.previewOrder)
	for _, route := range []string{previewPath, previewPath + "/", previewPath + "/:file", previewPath + "/people"} {
		s.quiet[route] = true
	}
}

// previewFile serves one file of what was built.
func (s *server) previewFile(c *gin.Context) {
	name, kind, ok := s.pageFile(c)
	if !ok {
		return
	}
	root, err := os.OpenRoot(s.miniProgram.Dir)
	if err == nil {
		defer func() { _ = root.Close() }() // only read
		var body []byte
		if body, err = fs.ReadFile(root.FS(), name); err == nil {
			c.Header("Content-Security-Policy", previewPolicy)
			c.Header("X-Frame-Options", "SAMEORIGIN")
			c.Header("Cache-Control", "no-cache")
			s.send(c, kind, "", body)
			return
		}
	}
	if !errors.Is(err, fs.ErrNotExist) {
		s.log.WarnContext(c.Request.Context(), "preview", slog.Any("error", err))
	}
	s.write(c, newProblem(exchangeOf(c.Request.Context()), errNoPreview))
}

// previewOrder passes what a mini-program asks WeChat for on to the stand-in.
func (s *server) previewOrder(c *gin.Context) {
	order := c.Param("order")
	if !previewOrders[order] {
		s.write(c, newProblem(exchangeOf(c.Request.Context()), errNoRoute))
		return
	}
	status, body, err := s.askStandIn(c, order)
	if err != nil {
		s.log.WarnContext(c.Request.Context(), "stand-in", slog.Any("error", err))
		s.write(c, newProblem(exchangeOf(c.Request.Context()), errNoPhones))
		return
	}
	c.Data(status, "application/json; charset=utf-8", body)
}

func (s *server) askStandIn(c *gin.Context, order string) (int, []byte, error) {
	if s.miniProgram.StandIn == "" {
		return 0, nil, errNoPhones
	}
	r, err := http.NewRequestWithContext(c.Request.Context(), http.MethodPost, s.miniProgram.StandIn+"/_sim/"+order, http.MaxBytesReader(c.Writer, c.Request.Body, 1<<16))
	if err != nil {
		return 0, nil, err
	}
	r.Header.Set("Content-Type", c.GetHeader("Content-Type")) // a page from elsewhere cannot send JSON's
	answer, err := (&http.Client{Timeout: 10 * time.Second}).Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = answer.Body.Close() }() // was read
	body, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	return answer.StatusCode, body, err
}
