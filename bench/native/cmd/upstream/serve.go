package main

import (
	"bytes"
	"strconv"
	"time"

	"atprouter/bench/native/internal/http1"
	"atprouter/bench/native/internal/loop"
)

const (
	chunksMax = 100_000
	paceMax   = time.Minute
)

// streamPlan is how a streamed answer is paced.
type streamPlan struct {
	chunks int
	pace   time.Duration
}

func (p streamPlan) valid() bool {
	return p.chunks >= 1 && p.chunks <= chunksMax && p.pace >= 0 && p.pace <= paceMax
}

var (
	methodPost  = []byte("POST")
	methodGet   = []byte("GET")
	pathChat    = []byte("/v1/chat/completions")
	pathHealth  = []byte("/healthz")
	paramChunks = []byte("chunks=")
	paramPace   = []byte("pace_ms=")
	keyStream   = []byte(`"stream"`)
	keyUsage    = []byte(`"include_usage"`)
	literalTrue = []byte("true")
)

// serve answers the requests of one connection until it ends.
func serve(task *loop.Task, conn *loop.Conn, defaults streamPlan) {
	reader := http1.NewReader(conn)
	writer := newStreamWriter()
	var req http1.Request
	var decoder http1.ChunkedDecoder
	var assembled []byte
	for {
		head, err := reader.Head()
		if err != nil {
			return
		}
		if err := http1.ParseRequest(head, &req); err != nil {
			conn.Write(responseBad)
			return
		}
		// Decided now: reading the body may move the bytes that the request points into.
		answer, plan := route(&req, defaults)
		var body []byte
		switch {
		case req.Chunked:
			assembled = assembled[:0]
			err = reader.Chunked(&decoder, func(p []byte) { assembled = append(assembled, p...) })
			body = assembled
		case req.ContentLength > 0:
			body, err = reader.Exactly(req.ContentLength)
		}
		if err != nil {
			return
		}
		if answer != nil {
			_, err = conn.Write(answer)
		} else if flagSet(body, keyStream) {
			err = writer.run(task, conn, plan, flagSet(body, keyUsage))
		} else {
			_, err = conn.Write(responseChat)
		}
		if err != nil || req.Close {
			return
		}
	}
}

// route returns a fixed answer, or nil and the stream plan when the request is a chat completion.
func route(req *http1.Request, defaults streamPlan) ([]byte, streamPlan) {
	path, query, _ := bytes.Cut(req.Target, []byte{'?'})
	switch {
	case bytes.Equal(path, pathChat) && bytes.Equal(req.Method, methodPost):
		plan, ok := planOf(query, defaults)
		if !ok {
			return responseBad, plan
		}
		return nil, plan
	case bytes.Equal(path, pathHealth) && bytes.Equal(req.Method, methodGet):
		return responseHealth, defaults
	}
	return responseNotFound, defaults
}

// planOf applies the query over the defaults.
func planOf(query []byte, plan streamPlan) (streamPlan, bool) {
	for len(query) > 0 {
		var pair []byte
		pair, query, _ = bytes.Cut(query, []byte{'&'})
		if digits, ok := bytes.CutPrefix(pair, paramChunks); ok {
			n, err := strconv.Atoi(string(digits))
			if err != nil {
				return plan, false
			}
			plan.chunks = n
		} else if digits, ok := bytes.CutPrefix(pair, paramPace); ok {
			ms, err := strconv.ParseFloat(string(digits), 64)
			if err != nil || !(ms >= 0 && ms <= 60_000) {
				return plan, false
			}
			plan.pace = time.Duration(ms * float64(time.Millisecond))
		}
	}
	return plan, plan.valid()
}

// flagSet tells whether the JSON text has the key with the literal true as its value. A quoted key inside a
// string value cannot match, because its quotes are escaped there. Parsing the whole body would cost more
// than the rest of the request and this server must stay far cheaper than what is measured in front of it.
func flagSet(body, key []byte) bool {
	for {
		i := bytes.Index(body, key)
		if i < 0 {
			return false
		}
		body = body[i+len(key):]
		rest := bytes.TrimLeft(body, " \t\r\n")
		if len(rest) > 0 && rest[0] == ':' && bytes.HasPrefix(bytes.TrimLeft(rest[1:], " \t\r\n"), literalTrue) {
			return true
		}
	}
}
