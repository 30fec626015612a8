package http1

import "bytes"

// Framing says how the body of a message is delimited and whether the connection ends after it.
type Framing struct {
	ContentLength int // -1 when absent
	Chunked       bool
	Close         bool
}

// Request is the part of a request head that the upstream looks at. Slices point into the head.
type Request struct {
	Framing
	Method []byte
	Target []byte
}

// Response is the part of a response head that the generator looks at.
type Response struct {
	Framing
	Status int
}

var (
	nameLength     = []byte("content-length")
	nameTransfer   = []byte("transfer-encoding")
	nameConnection = []byte("connection")
	valueChunked   = []byte("chunked")
	valueClose     = []byte("close")
	version11      = []byte("HTTP/1.1")
	versionPrefix  = []byte("HTTP/1.")
)

// ParseRequest reads a request head as Reader.Head returns it.
func ParseRequest(head []byte, req *Request) error {
	line, rest, ok := cutLine(head)
	if !ok {
		return ErrMalformed
	}
	i := bytes.IndexByte(line, ' ')
	j := bytes.LastIndexByte(line, ' ')
	if i <= 0 || j <= i || !bytes.HasPrefix(line[j+1:], versionPrefix) {
		return ErrMalformed
	}
	req.Method, req.Target = line[:i], line[i+1:j]
	return parseFields(rest, &req.Framing, !bytes.Equal(line[j+1:], version11))
}

// ParseResponse reads a response head as Reader.Head returns it.
func ParseResponse(head []byte, res *Response) error {
	line, rest, ok := cutLine(head)
	if !ok || len(line) < 12 || !bytes.HasPrefix(line, versionPrefix) || line[8] != ' ' {
		return ErrMalformed
	}
	res.Status = 0
	for _, c := range line[9:12] {
		if c < '0' || c > '9' {
			return ErrMalformed
		}
		res.Status = res.Status*10 + int(c-'0')
	}
	return parseFields(rest, &res.Framing, !bytes.Equal(line[:8], version11))
}

func parseFields(fields []byte, f *Framing, closeByDefault bool) error {
	*f = Framing{ContentLength: -1, Close: closeByDefault}
	for {
		line, rest, ok := cutLine(fields)
		if !ok {
			return ErrMalformed
		}
		if len(line) == 0 {
			return nil
		}
		fields = rest
		if c := line[0] | 0x20; c != 'c' && c != 't' {
			continue
		}
		if err := parseField(line, f); err != nil {
			return err
		}
	}
}

func parseField(line []byte, f *Framing) error {
	colon := bytes.IndexByte(line, ':')
	if colon <= 0 {
		return ErrMalformed
	}
	name := line[:colon]
	switch {
	case len(name) == len(nameLength) && bytes.EqualFold(name, nameLength):
		n, err := decimal(bytes.TrimSpace(line[colon+1:]))
		if err != nil {
			return err
		}
		f.ContentLength = n
	case len(name) == len(nameTransfer) && bytes.EqualFold(name, nameTransfer):
		f.Chunked = bytes.EqualFold(bytes.TrimSpace(line[colon+1:]), valueChunked)
	case len(name) == len(nameConnection) && bytes.EqualFold(name, nameConnection):
		f.Close = bytes.EqualFold(bytes.TrimSpace(line[colon+1:]), valueClose)
	}
	return nil
}

func decimal(digits []byte) (int, error) {
	if len(digits) == 0 || len(digits) > 9 {
		return 0, ErrMalformed
	}
	n := 0
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, ErrMalformed
		}
		n = n*10 + int(c-'0')
	}
	return n, nil
}

func cutLine(in []byte) (line, rest []byte, ok bool) {
	i := bytes.IndexByte(in, '\n')
	if i < 1 || in[i-1] != '\r' {
		return nil, nil, false
	}
	return in[:i-1], in[i+1:], true
}
