package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"os"
	"time"

	"atprouter/bench/native/internal/http1"
	"atprouter/bench/native/internal/loop"
)

// errorPause keeps a dead server from turning the generator into a busy loop.
const errorPause = 5 * time.Millisecond

var errUnexpectedBody = errors.New("answer does not contain the expected text")

// requestPlan is what is sent, rendered once.
type requestPlan struct {
	address netip.AddrPort
	wire    []byte
	expect  []byte
}

func newPlan(o options) (*requestPlan, error) {
	u, err := url.Parse(o.url)
	if err != nil {
		return nil, err
	}
	if u.Scheme != "http" || u.Host == "" {
		return nil, fmt.Errorf("-url %q: expected http://HOST:PORT/path", o.url)
	}
	address, err := netip.ParseAddrPort(u.Host)
	if err != nil {
		return nil, fmt.Errorf("-url %q: the host must be a numeric address with a port: %w", o.url, err)
	}
	var body []byte
	method := "GET"
	if o.body != "" {
		if body, err = os.ReadFile(o.body); err != nil {
			return nil, err
		}
		method = "POST"
	}
	wire := fmt.Appendf(nil, "%s %s HTTP/1.1\r\nhost: %s\r\n", method, u.RequestURI(), u.Host)
	if method == "POST" {
		wire = fmt.Appendf(wire, "content-type: application/json\r\ncontent-length: %d\r\n", len(body))
	}
	for _, line := range o.headers {
		wire = append(append(wire, line...), "\r\n"...)
	}
	wire = append(append(wire, "\r\n"...), body...)
	return &requestPlan{address: address, wire: wire, expect: []byte(o.expect)}, nil
}

// client is one connection of the generator and the task that uses it.
type client struct {
	plan     *requestPlan
	task     *loop.Task
	conn     *loop.Conn
	reader   *http1.Reader
	response http1.Response
	decoder  http1.ChunkedDecoder
	body     []byte
}

func (c *client) connect() error {
	conn, err := c.task.Dial(c.plan.address)
	if err != nil {
		return err
	}
	c.conn, c.reader = conn, http1.NewReader(conn)
	return nil
}

func (c *client) close() {
	if c.conn != nil {
		c.conn.Close()
		c.conn = nil
	}
}

// send writes the request, connecting first when there is no connection.
func (c *client) send() error {
	if c.conn == nil {
		if err := c.connect(); err != nil {
			return err
		}
	}
	_, err := c.conn.Write(c.plan.wire)
	return err
}

// receive reads one answer and hands its body to sink piece by piece. It returns the size of the body.
func (c *client) receive(sink func([]byte)) (int64, error) {
	head, err := c.reader.Head()
	if err != nil {
		return 0, noEOF(err)
	}
	if err := http1.ParseResponse(head, &c.response); err != nil {
		return 0, err
	}
	if c.response.Chunked {
		var size int64
		err := c.reader.Chunked(&c.decoder, func(p []byte) { size += int64(len(p)); sink(p) })
		return size, err
	}
	if c.response.ContentLength < 0 {
		return 0, http1.ErrMalformed
	}
	body, err := c.reader.Exactly(c.response.ContentLength)
	if err != nil {
		return 0, err
	}
	sink(body)
	return int64(len(body)), nil
}

// exchange does one plain request. ok tells that a complete 2xx answer with the expected text arrived; any
// other outcome is already counted in t.
func (c *client) exchange(t *tally) (ok bool) {
	err := c.send()
	if err == nil {
		c.body = c.body[:0]
		var size int64
		size, err = c.receive(c.keep)
		t.bytesIn += size
	}
	if err == nil && c.response.Status/100 != 2 {
		t.non2xx++
		t.note(fmt.Sprintf("status %d: %.200s", c.response.Status, c.body))
	} else if err == nil && !bytes.Contains(c.body, c.plan.expect) {
		err = errUnexpectedBody
	} else if err == nil {
		ok = true
	}
	c.settle(err, t)
	return ok
}

func (c *client) keep(p []byte) { c.body = append(c.body, p...) }

// settle counts an error, and drops the connection when the answer or an error ended it.
func (c *client) settle(err error, t *tally) {
	if err != nil {
		t.fail(err)
		c.close()
		c.pause()
	} else if c.response.Close {
		t.reconnects++
		c.close()
	}
}

// pause is short; a deadline that ends it shows up at the next operation.
func (c *client) pause() { _ = c.task.Sleep(errorPause) }

func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
