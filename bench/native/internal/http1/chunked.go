package http1

// ChunkedDecoder is an incremental decoder of the chunked transfer coding (RFC 9112 §7.1). Chunk extensions
// and trailer fields are read and dropped. The zero value is ready for use.
type ChunkedDecoder struct {
	state     chunkState
	remaining int
	digits    int
	lineBytes int
}

type chunkState uint8

const (
	stateSize chunkState = iota
	stateExtension
	stateSizeLF
	stateData
	stateDataCR
	stateDataLF
	stateTrailerStart
	stateTrailerLine
	stateTrailerLF
	stateEndLF
)

const chunkLineMax = 8 << 10

// Reset makes the decoder ready for a new body.
func (d *ChunkedDecoder) Reset() { *d = ChunkedDecoder{} }

// Next consumes a part of in. It returns at most one piece of payload (a slice of in), how many bytes of in
// it used, and whether the body is complete. Call it again with the rest until in is used up or done.
func (d *ChunkedDecoder) Next(in []byte) (piece []byte, used int, done bool, err error) {
	for used < len(in) {
		if d.state == stateData {
			n := min(d.remaining, len(in)-used)
			d.remaining -= n
			if d.remaining == 0 {
				d.state = stateDataCR
			}
			return in[used : used+n], used + n, false, nil
		}
		c := in[used]
		used++
		if done, err = d.step(c); done || err != nil {
			return nil, used, done, err
		}
	}
	return nil, used, false, nil
}

// step consumes one byte of framing.
func (d *ChunkedDecoder) step(c byte) (bool, error) {
	switch d.state {
	case stateSize:
		return false, d.sizeByte(c)
	case stateExtension:
		d.lineBytes++
		if c == '\r' {
			d.state = stateSizeLF
		}
	case stateSizeLF:
		if c != '\n' {
			return false, ErrMalformed
		}
		d.digits, d.lineBytes = 0, 0
		if d.state = stateData; d.remaining == 0 {
			d.state = stateTrailerStart
		}
	case stateDataCR:
		if c != '\r' {
			return false, ErrMalformed
		}
		d.state = stateDataLF
	case stateDataLF:
		if c != '\n' {
			return false, ErrMalformed
		}
		d.state = stateSize
	case stateTrailerStart:
		if d.state = stateTrailerLine; c == '\r' {
			d.state = stateEndLF
		}
	case stateTrailerLine:
		d.lineBytes++
		if c == '\r' {
			d.state = stateTrailerLF
		}
	case stateTrailerLF:
		if c != '\n' {
			return false, ErrMalformed
		}
		d.state = stateTrailerStart
	case stateEndLF:
		if c != '\n' {
			return false, ErrMalformed
		}
		return true, nil
	}
	if d.lineBytes > chunkLineMax {
		return false, ErrMalformed
	}
	return false, nil
}

func (d *ChunkedDecoder) sizeByte(c byte) error {
	if v := hexValue(c); v >= 0 {
		if d.digits++; d.digits > 7 {
			return ErrBodyTooLarge
		}
		d.remaining = d.remaining<<4 | v
		return nil
	}
	if d.digits == 0 {
		return ErrMalformed
	}
	switch c {
	case '\r':
		d.state = stateSizeLF
	case ';', ' ', '\t':
		d.state = stateExtension
	default:
		return ErrMalformed
	}
	return nil
}

func hexValue(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}
