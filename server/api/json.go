package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"

	"github.com/danielgtaylor/huma/v2"
)

// jsonFormat writes a body in one piece with its length, so that nothing is sent in chunks and a body that cannot be
// encoded has not begun to be sent.
var jsonFormat = huma.Format{Marshal: writeJSON, Unmarshal: json.Unmarshal}

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// keepBuffer is the largest buffer that is kept for the next answer.
const keepBuffer = 256 << 10

func writeJSON(w io.Writer, v any) error {
	buf, _ := buffers.Get().(*bytes.Buffer)
	defer func() {
		if buf.Cap() <= keepBuffer {
			buf.Reset()
			buffers.Put(buf)
		}
	}()
	enc := json.NewEncoder(buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		// Nothing is written yet: the panic becomes a 500 with a request id.
		panic(fmt.Errorf("api: encode %T: %w", v, err))
	}
	if rw, ok := w.(http.ResponseWriter); ok {
		rw.Header()["Content-Length"] = []string{strconv.Itoa(buf.Len())}
	}
	_, err := w.Write(buf.Bytes())
	return err
}
