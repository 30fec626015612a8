// Package sse counts the events of an OpenAI-style event stream without allocating per event.
package sse

import (
	"bytes"
	"errors"
)

const lineMax = 1 << 20

// ErrLineTooLong is kept in Counter.Err when a line exceeds 1 MiB.
var ErrLineTooLong = errors.New("sse: line exceeds 1 MiB")

var (
	fieldData  = []byte("data:")
	eventError = []byte("event: error")
	doneMark   = []byte("[DONE]")
	errorMark  = []byte(`{"error"`)
	stampMark  = []byte(StampPrefix)
)

// StampPrefix precedes the sender's clock (nanoseconds since the epoch, decimal) inside a chunk.
const StampPrefix = `"system_fingerprint":"ts_`

// Counter reads a stream piece by piece. Reset it before each stream.
type Counter struct {
	Chunks  int                // data events other than [DONE]
	Done    bool               // [DONE] was the last event
	Failed  bool               // an error event was seen, or data after [DONE]
	Err     error              // the stream could not be read
	OnChunk func(sentNs int64) // called per data event with the sender's stamp, 0 when it carries none
	carry   []byte
}

// Reset prepares the counter for another stream.
func (c *Counter) Reset() {
	c.Chunks, c.Done, c.Failed, c.Err = 0, false, false, nil
	c.carry = c.carry[:0]
}

// Feed reads the next piece of the body; a piece may end anywhere.
func (c *Counter) Feed(piece []byte) {
	for len(piece) > 0 {
		i := bytes.IndexByte(piece, '\n')
		if i < 0 {
			if len(c.carry)+len(piece) > lineMax {
				c.Err = ErrLineTooLong
				return
			}
			c.carry = append(c.carry, piece...)
			return
		}
		line := piece[:i]
		if len(c.carry) > 0 {
			c.carry = append(c.carry, line...)
			line = c.carry
		}
		c.line(bytes.TrimSuffix(line, []byte{'\r'}))
		c.carry = c.carry[:0]
		piece = piece[i+1:]
	}
}

func (c *Counter) line(line []byte) {
	if !bytes.HasPrefix(line, fieldData) {
		if bytes.Equal(line, eventError) {
			c.Failed = true
		}
		return
	}
	data := bytes.TrimLeft(line[len(fieldData):], " ")
	switch {
	case c.Done:
		c.Failed = true
	case bytes.Equal(data, doneMark):
		c.Done = true
	case bytes.HasPrefix(data, errorMark):
		c.Failed = true
	default:
		c.Chunks++
		if c.OnChunk != nil {
			c.OnChunk(stamp(data))
		}
	}
}

// stamp returns the sender's clock out of a chunk, or 0.
func stamp(data []byte) int64 {
	i := bytes.Index(data, stampMark)
	if i < 0 {
		return 0
	}
	var n int64
	for _, ch := range data[i+len(stampMark):] {
		if ch < '0' || ch > '9' {
			break
		}
		n = n*10 + int64(ch-'0')
	}
	return n
}
