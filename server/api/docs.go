package api

import (
	"bytes"
	"compress/gzip"
	"embed"
	"io"
	"log/slog"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"
	"github.com/swaggest/swgui/v5/static"
)

// The documentation page: Swagger UI as the swgui module embeds it, with a page and a start-up script of our own, so
// that nothing comes from outside the network and no script stands inside the page.
//
//go:embed docs/index.html docs/start.js docs/page.css
var docsPage embed.FS

// docsPolicy lets the page load what this server has and nothing else. Swagger UI sets styles on its elements.
const docsPolicy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

const (
	docsPath = "/docs"
	specPath = "/openapi.json"
)

// serveDocs puts the documentation page and the document on the router.
func (s *server) serveDocs(router *gin.Engine, doc *huma.OpenAPI) {
	spec := sync.OnceValues(func() ([]byte, error) { return encodeDocument(doc) })
	router.GET(specPath, func(c *gin.Context) {
		body, err := spec()
		if err != nil {
			s.write(c, s.problem(c.Request.Context(), err))
			return
		}
		s.send(c, "application/json; charset=utf-8", "", body)
	})
	router.GET(docsPath, func(c *gin.Context) { c.Redirect(http.StatusFound, docsPath+"/") })
	router.GET(docsPath+"/:file", s.docsFile)
	router.GET(docsPath+"/", s.docsFile)
	for _, route := range []string{docsPath, docsPath + "/", docsPath + "/:file", specPath} {
		s.quiet[route] = true
	}
}

// pageFile says which file of a page is asked for, and what it is; of a kind that no page has it tells that there is none.
func (s *server) pageFile(c *gin.Context) (name, kind string, ok bool) {
	if name = c.Param("file"); name == "" {
		name = "index.html"
	}
	if kind, ok = docsTypes[path.Ext(name)]; !ok {
		s.write(c, newProblem(exchangeOf(c.Request.Context()), errNoRoute))
	}
	return name, kind, ok
}

// docsFile serves one file of the page.
func (s *server) docsFile(c *gin.Context) {
	name, kind, ok := s.pageFile(c)
	if !ok {
		return
	}
	c.Header("Content-Security-Policy", docsPolicy)
	if body, err := docsPage.ReadFile("docs/" + name); err == nil {
		s.send(c, kind, "", body)
		return
	}
	if body, err := static.FS.ReadFile(name); err == nil {
		c.Header("Cache-Control", "max-age=3600")
		s.send(c, kind, "", body)
		return
	}
	packed, err := static.FS.ReadFile(name + ".gz")
	if err != nil {
		s.write(c, newProblem(exchangeOf(c.Request.Context()), errNoRoute))
		return
	}
	c.Header("Cache-Control", "max-age=3600")
	c.Header("Vary", "Accept-Encoding")
	if strings.Contains(c.GetHeader("Accept-Encoding"), "gzip") {
		s.send(c, kind, "gzip", packed)
		return
	}
	body, err := unpack(packed)
	if err != nil {
		s.write(c, s.problem(c.Request.Context(), err))
		return
	}
	s.send(c, kind, "", body)
}

var docsTypes = map[string]string{
	".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".png": "image/png",
}

func unpack(packed []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

func (s *server) send(c *gin.Context, kind, encoding string, body []byte) {
	header := c.Writer.Header()
	header.Set("Content-Type", kind)
	if encoding != "" {
		header.Set("Content-Encoding", encoding)
	}
	header.Set("Content-Length", strconv.Itoa(len(body)))
	if _, err := c.Writer.Write(body); err != nil {
		s.log.DebugContext(c.Request.Context(), "write page", slog.Any("error", err)) // the client went away
	}
}
