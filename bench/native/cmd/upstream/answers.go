package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"atprouter/bench/native/internal/loop"
)

const chatBody = `{"id":"chatcmpl-bench000000000000000000000000","object":"chat.completion","created":1760000000,` +
	`"model":"gpt-bench","choices":[{"index":0,"message":{"role":"assistant","content":"A router forwards each request to the ` +
	`model that fits it, keeps to the budget it was given, and records what was spent. This answer is fixed, so that ` +
	`every measured round sends and receives the same bytes.","refusal":null,"annotations":[]},"logprobs":null,` +
	`"finish_reason":"stop"}],"usage":{"prompt_tokens":212,"completion_tokens":41,"total_tokens":253,` +
	`"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0}},"service_tier":"default"}`

var (
	responseChat     = response("200 OK", chatBody)
	responseHealth   = response("200 OK", `{"status":"ok"}`)
	responseBad      = response("400 Bad Request", `{"error":{"message":"bad request","type":"invalid_request_error","code":null}}`)
	responseNotFound = response("404 Not Found", `{"error":{"message":"no such path","type":"invalid_request_error","code":null}}`)
)

func response(status, body string) []byte {
	return fmt.Appendf(nil, "HTTP/1.1 %s\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s", status, len(body), body)
}

const (
	stampDigits = 19
	eventHead   = `data: {"id":"chatcmpl-bench000000000000000000000000","object":"chat.completion.chunk","created":1760000000,` +
		`"model":"gpt-bench","system_fingerprint":"ts_0000000000000000000","choices":`
	eventChunk  = eventHead + `[{"index":0,"delta":{"content":" token"},"logprobs":null,"finish_reason":null}]}` + "\n\n"
	eventFirst  = eventHead + `[{"index":0,"delta":{"role":"assistant","content":"First"},"logprobs":null,"finish_reason":null}]}` + "\n\n"
	eventFinish = eventHead + `[{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}]}` + "\n\n"
	eventUsage  = eventHead + `[],"usage":{"prompt_tokens":212,"completion_tokens":50,"total_tokens":262}}` + "\n\n"
	eventDone   = "data: [DONE]\n\n"
	streamHead  = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-cache\r\ntransfer-encoding: chunked\r\n\r\n"
	bodyEnd     = "0\r\n\r\n"
)

// frame wraps a text as one HTTP chunk.
func frame(text string) string { return fmt.Sprintf("%x\r\n%s\r\n", len(text), text) }

// stamped is wire text together with the places where the clock goes.
type stamped struct {
	wire   []byte
	places []int
}

func newStamped(wire string) stamped {
	s := stamped{wire: []byte(wire)}
	const mark = `"ts_`
	for from := 0; ; {
		i := strings.Index(wire[from:], mark)
		if i < 0 {
			return s
		}
		from += i + len(mark)
		s.places = append(s.places, from)
	}
}

// at writes the time into the text and returns it.
func (s stamped) at(now time.Time) []byte {
	var digits [stampDigits + 1]byte
	out := strconv.AppendInt(digits[:0], now.UnixNano(), 10)
	for _, place := range s.places {
		copy(s.wire[place:place+stampDigits], out)
	}
	return s.wire
}

// streamWriter holds one connection's own copies of the stream's parts.
type streamWriter struct {
	first, chunk, finish, finishUsage stamped
}

func newStreamWriter() *streamWriter {
	return &streamWriter{
		first:       newStamped(streamHead + frame(eventFirst)),
		chunk:       newStamped(frame(eventChunk)),
		finish:      newStamped(frame(eventFinish) + frame(eventDone) + bodyEnd),
		finishUsage: newStamped(frame(eventFinish) + frame(eventUsage) + frame(eventDone) + bodyEnd),
	}
}

// run sends one stream. Chunk i is due at start + i × pace; when the reader holds it up, the rest follows
// without waiting, so that a slow reader does not stretch the schedule.
func (w *streamWriter) run(task *loop.Task, conn *loop.Conn, plan streamPlan, withUsage bool) error {
	start := time.Now()
	if _, err := conn.Write(w.first.at(start)); err != nil {
		return err
	}
	for i := 1; i <= plan.chunks; i++ {
		if err := task.SleepUntil(start.Add(time.Duration(i) * plan.pace)); err != nil {
			return err
		}
		part := w.chunk
		if i == plan.chunks {
			if part = w.finish; withUsage {
				part = w.finishUsage
			}
		}
		if _, err := conn.Write(part.at(time.Now())); err != nil {
			return err
		}
	}
	return nil
}
