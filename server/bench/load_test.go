package bench

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// connections is how many requests are under way at a time, each on a connection of its own that is kept.
const connections = 32

// request gives an HTTP/1.1 request as bytes.
func request(method, path, token, key, body string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: bench\r\n", method, path)
	if token != "" {
		fmt.Fprintf(&b, "Authorization: Bearer %s\r\n", token)
	}
	if key != "" {
		fmt.Fprintf(&b, "Idempotency-Key: %s\r\n", key)
	}
	if body != "" {
		fmt.Fprintf(&b, "Content-Type: application/json\r\nContent-Length: %d\r\n", len(body))
	}
	b.WriteString("\r\n")
	b.WriteString(body)
	return b.Bytes()
}

// client sends requests over one connection and reads each answer whole.
type client struct {
	conn net.Conn
	in   *bufio.Reader
	body bytes.Buffer // of the last answer
}

func dial(address string) (*client, error) {
	conn, err := (&net.Dialer{Timeout: 5 * time.Second}).DialContext(context.Background(), "tcp", address)
	if err != nil {
		return nil, err
	}
	return &client{conn: conn, in: bufio.NewReaderSize(conn, 64<<10)}, nil
}

var errAnswer = errors.New("bench: not an HTTP/1.1 answer")

// do sends a request and gives the status of its answer.
func (c *client) do(raw []byte) (status int, err error) {
	if err := c.conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		return 0, err
	}
	if _, err := c.conn.Write(raw); err != nil {
		return 0, err
	}
	line, err := c.in.ReadSlice('\n')
	if err != nil {
		return 0, err
	}
	if len(line) < 12 || string(line[:9]) != "HTTP/1.1 " {
		return 0, errAnswer
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, errAnswer
	}
	length, chunked := 0, false
	for {
		if line, err = c.in.ReadSlice('\n'); err != nil {
			return 0, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			break
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		switch {
		case bytes.EqualFold(name, []byte("Content-Length")):
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return 0, errAnswer
			}
		case bytes.EqualFold(name, []byte("Transfer-Encoding")):
			chunked = true
		}
	}
	c.body.Reset()
	if !chunked {
		_, err = io.CopyN(&c.body, c.in, int64(length))
		return status, err
	}
	for {
		if line, err = c.in.ReadSlice('\n'); err != nil {
			return 0, err
		}
		n, err := strconv.ParseInt(string(bytes.TrimRight(line, "\r\n")), 16, 32)
		if err != nil {
			return 0, errAnswer
		}
		if _, err := io.CopyN(&c.body, c.in, n); err != nil {
			return 0, err
		}
		if _, err := c.in.Discard(2); err != nil {
			return 0, err
		}
		if n == 0 {
			return status, nil
		}
	}
}

// round is what one side did in one turn.
type round struct {
	requests  int
	seconds   float64
	latencies []time.Duration // sorted
	server    float64         // CPU seconds of the process
	database  float64         // CPU seconds of the database server; 0 where it is in the process
}

func (r round) rate() float64 { return float64(r.requests) / r.seconds }

func (r round) percentile(p float64) time.Duration {
	if len(r.latencies) == 0 {
		return 0
	}
	return r.latencies[min(len(r.latencies)-1, int(float64(len(r.latencies))*p))]
}

// side is one server under load. Its connections are kept from turn to turn.
type side struct {
	name    string
	process *process
	clients []*client
	next    atomic.Int64 // the next request
}

func (s *side) connect() error {
	for range connections {
		c, err := dial(s.process.Address)
		if err != nil {
			return err
		}
		s.clients = append(s.clients, c)
	}
	return nil
}

func (s *side) close() {
	for _, c := range s.clients {
		_ = c.conn.Close()
	}
}

// turn sends requests, one after the other on every connection, for as long as d, or until count are answered when
// count is above 0. It goes on in the list where the last turn ended, from the beginning again at its end, unless
// count says that each may be sent once. Every answer must have status want.
func (s *side) turn(requests [][]byte, d time.Duration, count, want int, db *process) (round, error) {
	var r round
	ctx, cancel := context.WithTimeout(context.Background(), max(d, time.Minute))
	defer cancel()
	begin := s.next.Load()
	if count > 0 && int(begin)+count > len(requests) {
		return r, fmt.Errorf("%d requests left, %d wanted", len(requests)-int(begin), count)
	}
	lists := make([][]time.Duration, len(s.clients))
	errs := make([]error, len(s.clients))
	server, database := s.process.cpu(), db.cpu()
	began := time.Now()
	until := began.Add(d)
	var all sync.WaitGroup
	for i, c := range s.clients {
		lists[i] = make([]time.Duration, 0, 4096)
		all.Go(func() {
			for ctx.Err() == nil {
				n := s.next.Add(1) - 1
				if count > 0 && n >= begin+int64(count) {
					return
				}
				sent := time.Now()
				status, err := c.do(requests[int(n)%len(requests)])
				now := time.Now()
				if err == nil && status != want {
					err = fmt.Errorf("status %d: %.300s", status, c.body.String())
				}
				if err != nil {
					errs[i] = err
					cancel()
					return
				}
				lists[i] = append(lists[i], now.Sub(sent))
				if count == 0 && now.After(until) {
					return
				}
			}
		})
	}
	all.Wait()
	r.seconds = time.Since(began).Seconds()
	r.server, r.database = s.process.cpu()-server, db.cpu()-database
	if count > 0 {
		s.next.Store(begin + int64(count))
	}
	if err := errors.Join(errs...); err != nil {
		return r, fmt.Errorf("%s: %w", s.name, err)
	}
	r.latencies = slices.Concat(lists...)
	slices.Sort(r.latencies)
	r.requests = len(r.latencies)
	return r, nil
}

// once sends one request on a connection of its own and gives the answer's body.
func once(address string, raw []byte, want int) ([]byte, error) {
	c, err := dial(address)
	if err != nil {
		return nil, err
	}
	defer func() { _ = c.conn.Close() }()
	status, err := c.do(raw)
	if err == nil && status != want {
		err = fmt.Errorf("status %d, want %d: %.500s", status, want, c.body.String())
	}
	return bytes.Clone(c.body.Bytes()), err
}

func TestClientReadsWhatAServerWrites(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got, _ := io.ReadAll(r.Body)
		switch r.URL.Path {
		case "/chunks":
			for range 3 {
				_, _ = w.Write(bytes.Repeat([]byte("x"), 5000))
				if err := http.NewResponseController(w).Flush(); err != nil {
					t.Error(err)
				}
			}
		case "/empty":
			w.WriteHeader(http.StatusNoContent)
		default:
			w.WriteHeader(http.StatusTeapot)
			fmt.Fprint(w, r.Method, r.Header.Get("Authorization"), r.Header.Get("Idempotency-Key"), string(got))
		}
	}))
	defer server.Close()
	c, err := dial(strings.TrimPrefix(server.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.conn.Close()
	for range 2 {
		for _, want := range []struct {
			raw    []byte
			status int
			body   string
		}{
			{request("GET", "/chunks", "", "", ""), 200, strings.Repeat("x", 15000)},
			{request("GET", "/empty", "", "", ""), 204, ""},
			{request("POST", "/x", "t", "k", `{"a":1}`), 418, `POSTBearer tk{"a":1}`},
		} {
			status, err := c.do(want.raw)
			if err != nil || status != want.status || c.body.String() != want.body {
				t.Fatal(status, err, c.body.String())
			}
		}
	}
}
