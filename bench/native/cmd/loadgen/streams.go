package main

import (
	"errors"
	"fmt"
	"time"

	"atprouter/bench/native/internal/hist"
	"atprouter/bench/native/internal/loop"
	"atprouter/bench/native/internal/sse"
)

var (
	errNoDone     = errors.New("stream ended without [DONE]")
	errStreamFail = errors.New("stream carried an error event")
)

// streams keeps a number of event streams open: when one ends, the next starts on the same connection until
// the duration is over; streams that have begun are read to their end.
type streams struct {
	options    options
	tally      tally
	incomplete int64
	chunks     int64
	chunksMin  int64
	chunksMax  int64
	first      hist.Histogram
	delay      hist.Histogram
}

func newStreams(o options) driver { return &streams{options: o} }

func (d *streams) connections() int         { return d.options.streams }
func (d *streams) begin(*loop.Loop, window) {}

func (d *streams) drive(i int, c *client, w window) {
	reader := newStreamReader(c, d)
	offset := min(d.options.ramp, d.options.duration) * time.Duration(i) / time.Duration(d.options.streams)
	if c.task.SleepUntil(w.start.Add(offset)) != nil {
		return
	}
	for time.Now().Before(w.stop) {
		reader.one(w.stop)
	}
}

// streamReader reads the streams of one connection, one after the other.
type streamReader struct {
	client  *client
	total   *streams
	counter sse.Counter
	began   time.Time
	seen    bool
}

func newStreamReader(c *client, d *streams) *streamReader {
	r := &streamReader{client: c, total: d}
	r.counter.OnChunk = r.onChunk
	return r
}

func (r *streamReader) onChunk(sentNs int64) {
	now := time.Now()
	if !r.seen {
		r.seen = true
		r.total.first.Record(int64(now.Sub(r.began)))
	}
	if sentNs > 0 {
		r.total.delay.Record(now.UnixNano() - sentNs)
	}
}

func (r *streamReader) one(stop time.Time) {
	c, d := r.client, r.total
	r.counter.Reset()
	r.seen, r.began = false, time.Now()
	err := c.send()
	if err == nil {
		var size int64
		size, err = c.receive(r.counter.Feed)
		d.tally.bytesIn += size
	}
	d.chunks += int64(r.counter.Chunks)
	if err == nil && c.response.Status/100 != 2 {
		d.tally.non2xx++
		d.tally.note(fmt.Sprintf("status %d", c.response.Status))
		c.settle(nil, &d.tally)
		c.pause()
		return
	}
	if err == nil {
		err = r.verdict()
	}
	if err != nil {
		d.incomplete++
	} else {
		d.complete(int64(r.counter.Chunks), r.began, stop)
	}
	c.settle(err, &d.tally)
}

func (r *streamReader) verdict() error {
	switch {
	case r.counter.Err != nil:
		return r.counter.Err
	case r.counter.Failed:
		return errStreamFail
	case !r.counter.Done:
		return errNoDone
	}
	return nil
}

func (d *streams) complete(chunks int64, began, stop time.Time) {
	ended := time.Now()
	if d.tally.count == 0 {
		d.chunksMin = chunks
	}
	d.chunksMin, d.chunksMax = min(d.chunksMin, chunks), max(d.chunksMax, chunks)
	d.tally.latency.Record(int64(ended.Sub(began)))
	d.tally.answered(ended, stop)
}

func (d *streams) result() *Report {
	report := d.tally.report(d.options)
	report.Streams = &StreamsResult{
		Streams: d.tally.count, Incomplete: d.incomplete, Chunks: d.chunks, ChunksMin: d.chunksMin, ChunksMax: d.chunksMax,
		FirstChunk: summarize(&d.first), ChunkDelay: summarize(&d.delay),
	}
	return report
}
