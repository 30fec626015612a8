package http1

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestParseRequest(t *testing.T) {
	head := "POST /v1/chat/completions?chunks=5 HTTP/1.1\r\nHost: a\r\ncontent-LENGTH:  42 \r\nContent-Type: x\r\nConnection: Close\r\n\r\n"
	var req Request
	if err := ParseRequest([]byte(head), &req); err != nil {
		t.Fatal(err)
	}
	if string(req.Method) != "POST" || string(req.Target) != "/v1/chat/completions?chunks=5" {
		t.Errorf("line: %q %q", req.Method, req.Target)
	}
	if req.ContentLength != 42 || req.Chunked || !req.Close {
		t.Errorf("framing: %+v", req.Framing)
	}
}

func TestParseResponse(t *testing.T) {
	var res Response
	if err := ParseResponse([]byte("HTTP/1.1 429 Too Many\r\nTransfer-Encoding: chunked\r\n\r\n"), &res); err != nil {
		t.Fatal(err)
	}
	if res.Status != 429 || !res.Chunked || res.ContentLength != -1 || res.Close {
		t.Errorf("%+v", res)
	}
	if err := ParseResponse([]byte("HTTP/1.0 200 OK\r\n\r\n"), &res); err != nil || !res.Close {
		t.Errorf("HTTP/1.0 closes by default: %v %+v", err, res)
	}
}

func TestMalformedHeads(t *testing.T) {
	requests := []string{"GET\r\n\r\n", "GET / FTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\ncontent-length: 1x\r\n\r\n", "GET / HTTP/1.1\r\ncontent-length\r\n\r\n", "GET / HTTP/1.1\r\ncontent-length: 99999999999\r\n\r\n"}
	for _, head := range requests {
		if err := ParseRequest([]byte(head), &Request{}); !errors.Is(err, ErrMalformed) {
			t.Errorf("%q: %v", head, err)
		}
	}
	for _, head := range []string{"HTTP/1.1 2x0 OK\r\n\r\n", "HTTP/2 200\r\n\r\n", "\r\n\r\n", "HTTP/1.1 200 OK\n\n"} {
		if err := ParseResponse([]byte(head), &Response{}); !errors.Is(err, ErrMalformed) {
			t.Errorf("%q: %v", head, err)
		}
	}
}

func TestReaderSplitsPipelinedMessagesAtAnyBoundary(t *testing.T) {
	body := strings.Repeat("x", 40_000)
	wire := "A / HTTP/1.1\r\na: b\r\n\r\n" + body + "B / HTTP/1.1\r\n\r\n"
	sources := map[string]io.Reader{
		"whole":    strings.NewReader(wire),
		"one byte": iotest.OneByteReader(strings.NewReader(wire)),
		"half":     iotest.HalfReader(strings.NewReader(wire)),
	}
	for name, src := range sources {
		r := NewReader(src)
		if head, err := r.Head(); err != nil || string(head) != "A / HTTP/1.1\r\na: b\r\n\r\n" {
			t.Fatalf("%s: %q %v", name, head, err)
		}
		if got, err := r.Exactly(len(body)); err != nil || string(got) != body {
			t.Fatalf("%s: body of %d bytes, %v", name, len(got), err)
		}
		if head, err := r.Head(); err != nil || string(head) != "B / HTTP/1.1\r\n\r\n" {
			t.Fatalf("%s: %q %v", name, head, err)
		}
		if _, err := r.Head(); err != io.EOF {
			t.Fatalf("%s: end is %v", name, err)
		}
	}
}

func TestReaderTellsACutMessageFromACleanClose(t *testing.T) {
	if _, err := NewReader(strings.NewReader("HTTP/1.1 200")).Head(); err != io.ErrUnexpectedEOF {
		t.Errorf("cut head: %v", err)
	}
	if _, err := NewReader(strings.NewReader("abc")).Exactly(4); err != io.ErrUnexpectedEOF {
		t.Errorf("cut body: %v", err)
	}
	if err := NewReader(strings.NewReader("5\r\nhel")).Chunked(&ChunkedDecoder{}, nil); err != io.ErrUnexpectedEOF {
		t.Errorf("cut chunk: %v", err)
	}
	if _, err := NewReader(strings.NewReader(strings.Repeat("h", 2*headMax))).Head(); err != ErrHeadTooLarge {
		t.Errorf("endless head: %v", err)
	}
}

func TestChunkedAtEverySplit(t *testing.T) {
	wire := []byte("5\r\nhello\r\n1;name=value\r\n \r\n00A\r\nwonderful!\r\n0\r\ntrailer: x\r\n\r\nNEXT")
	for split := 0; split <= len(wire); split++ {
		r := NewReader(io.MultiReader(bytes.NewReader(wire[:split]), bytes.NewReader(wire[split:])))
		var out []byte
		if err := r.Chunked(&ChunkedDecoder{}, func(p []byte) { out = append(out, p...) }); err != nil {
			t.Fatalf("split %d: %v", split, err)
		}
		if string(out) != "hello wonderful!" {
			t.Fatalf("split %d: %q", split, out)
		}
		if rest, err := r.Exactly(4); err != nil || string(rest) != "NEXT" {
			t.Fatalf("split %d: rest %q %v", split, rest, err)
		}
	}
}

func TestChunkedRefusesGarbage(t *testing.T) {
	cases := []string{"\r\n", "g\r\n", "5\nhello", "2\r\nabc\r\n", "12345678\r\n", "0\r\n\rX", "1;" + strings.Repeat("e", 2*chunkLineMax)}
	for _, wire := range cases {
		err := NewReader(strings.NewReader(wire)).Chunked(&ChunkedDecoder{}, nil)
		if !errors.Is(err, ErrMalformed) && !errors.Is(err, ErrBodyTooLarge) {
			t.Errorf("%q: %v", wire, err)
		}
	}
}
