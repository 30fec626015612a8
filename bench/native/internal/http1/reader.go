// Package http1 is the small part of HTTP/1.1 (RFC 9112) that a benchmark needs: heads, content-length
// bodies and chunked bodies, without allocation per message. It is not a general HTTP implementation.
package http1

import (
	"bytes"
	"errors"
	"io"
)

const (
	bufferStart = 16 << 10
	headMax     = 64 << 10
	bodyMax     = 16 << 20
)

var (
	ErrHeadTooLarge = errors.New("http1: head exceeds 64 KiB")
	ErrBodyTooLarge = errors.New("http1: body exceeds 16 MiB")
	ErrMalformed    = errors.New("http1: malformed message")
)

var headEnd = []byte("\r\n\r\n")

// Reader buffers one side of a connection. Slices it returns are valid until its next call.
type Reader struct {
	src  io.Reader
	buf  []byte
	r, w int
}

// NewReader reads from src.
func NewReader(src io.Reader) *Reader { return &Reader{src: src, buf: make([]byte, bufferStart)} }

// fill reads once from the source, making room first.
func (b *Reader) fill() error {
	if b.r == b.w {
		b.r, b.w = 0, 0
	} else if b.w == len(b.buf) {
		if b.r > 0 {
			copy(b.buf, b.buf[b.r:b.w])
			b.w -= b.r
			b.r = 0
		} else {
			grown := make([]byte, 2*len(b.buf))
			copy(grown, b.buf[:b.w])
			b.buf = grown
		}
	}
	n, err := b.src.Read(b.buf[b.w:])
	b.w += n
	if n > 0 {
		return nil
	}
	if err == nil {
		return io.ErrNoProgress
	}
	return err
}

// Head returns the bytes up to and including the empty line. io.EOF means that the peer closed between
// messages; io.ErrUnexpectedEOF that it closed inside one.
func (b *Reader) Head() ([]byte, error) {
	scanned := 0
	for {
		if i := bytes.Index(b.buf[b.r+scanned:b.w], headEnd); i >= 0 {
			n := scanned + i + len(headEnd)
			head := b.buf[b.r : b.r+n]
			b.r += n
			return head, nil
		}
		have := b.w - b.r
		if have > headMax {
			return nil, ErrHeadTooLarge
		}
		scanned = max(0, have-len(headEnd)+1)
		if err := b.fill(); err != nil {
			return nil, midMessage(err, have > 0)
		}
	}
}

// Exactly returns the next n bytes.
func (b *Reader) Exactly(n int) ([]byte, error) {
	if n > bodyMax {
		return nil, ErrBodyTooLarge
	}
	for b.w-b.r < n {
		if err := b.fill(); err != nil {
			return nil, midMessage(err, true)
		}
	}
	out := b.buf[b.r : b.r+n]
	b.r += n
	return out, nil
}

// Chunked decodes a chunked body, handing each piece to sink as it arrives; a nil sink discards.
func (b *Reader) Chunked(d *ChunkedDecoder, sink func([]byte)) error {
	d.Reset()
	for {
		for b.r < b.w {
			piece, used, done, err := d.Next(b.buf[b.r:b.w])
			b.r += used
			if err != nil {
				return err
			}
			if len(piece) > 0 && sink != nil {
				sink(piece)
			}
			if done {
				return nil
			}
		}
		if err := b.fill(); err != nil {
			return midMessage(err, true)
		}
	}
}

// Buffered tells how many bytes wait unread.
func (b *Reader) Buffered() int { return b.w - b.r }

func midMessage(err error, inside bool) error {
	if inside && errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
