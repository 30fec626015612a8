package main

import (
	"time"

	"atprouter/bench/native/internal/hist"
)

// Latency is a summary of one histogram in microseconds.
type Latency struct {
	Count  int64   `json:"count"`
	MeanUs float64 `json:"mean_us"`
	P50Us  float64 `json:"p50_us"`
	P90Us  float64 `json:"p90_us"`
	P99Us  float64 `json:"p99_us"`
	P999Us float64 `json:"p999_us"`
	MaxUs  float64 `json:"max_us"`
}

// OpenResult says whether a constant arrival rate was sustained.
type OpenResult struct {
	Rate         float64 `json:"rate"`
	Scheduled    int64   `json:"scheduled"`
	BacklogMax   int64   `json:"backlog_max"`    // arrivals that were due while every connection was busy
	BacklogAtEnd int64   `json:"backlog_at_end"` // the same at the moment arrivals stopped
	Unsent       int64   `json:"unsent"`         // still unsent when the grace period ended
	KeptUp       bool    `json:"kept_up"`
	SendLag      Latency `json:"send_lag"` // from intended to actual send time
}

// StreamsResult counts event streams.
type StreamsResult struct {
	Streams    int64   `json:"streams"`     // ended with [DONE] and a complete body
	Incomplete int64   `json:"incomplete"`  // 2xx, but cut, failed or without [DONE]
	Chunks     int64   `json:"chunks"`      // data events other than [DONE]
	ChunksMin  int64   `json:"chunks_min"`  // in any complete stream
	ChunksMax  int64   `json:"chunks_max"`  // in any complete stream
	FirstChunk Latency `json:"first_chunk"` // from request to first data event
	ChunkDelay Latency `json:"chunk_delay"` // from the upstream's stamp to arrival here
}

// Report is the output of a run. Count holds complete 2xx answers; the latency summary covers these only,
// except in open mode, where arrivals that never got an answer are recorded with their age as a lower bound.
type Report struct {
	Mode       string         `json:"mode"`
	URL        string         `json:"url"`
	WallS      float64        `json:"wall_s"`
	CPUS       float64        `json:"cpu_s"`
	DurationS  float64        `json:"duration_s"`
	Count      int64          `json:"count"`
	RPS        float64        `json:"rps"` // answers within the duration, per second
	Errors     int64          `json:"errors"`
	Non2xx     int64          `json:"non_2xx"`
	Reconnects int64          `json:"reconnects"`
	BytesIn    int64          `json:"bytes_in"`
	FirstError string         `json:"first_error,omitempty"`
	Latency    Latency        `json:"latency"`
	Open       *OpenResult    `json:"open,omitempty"`
	Streams    *StreamsResult `json:"streams,omitempty"`
}

// tally collects what all connections saw.
type tally struct {
	latency    hist.Histogram
	count      int64
	inTime     int64
	errors     int64
	non2xx     int64
	reconnects int64
	bytesIn    int64
	firstError string
}

func (t *tally) fail(err error) {
	t.errors++
	t.note(err.Error())
}

func (t *tally) note(text string) {
	if t.firstError == "" {
		t.firstError = text
	}
}

// answered counts a complete 2xx answer.
func (t *tally) answered(ended, stop time.Time) {
	t.count++
	if !ended.After(stop) {
		t.inTime++
	}
}

func (t *tally) report(o options) *Report {
	return &Report{
		DurationS:  o.duration.Seconds(),
		Count:      t.count,
		RPS:        float64(t.inTime) / o.duration.Seconds(),
		Errors:     t.errors,
		Non2xx:     t.non2xx,
		Reconnects: t.reconnects,
		BytesIn:    t.bytesIn,
		FirstError: t.firstError,
		Latency:    summarize(&t.latency),
	}
}

func summarize(h *hist.Histogram) Latency {
	us := func(ns int64) float64 { return float64(ns) / 1e3 }
	return Latency{
		Count:  h.Count(),
		MeanUs: h.Mean() / 1e3,
		P50Us:  us(h.Quantile(0.5)),
		P90Us:  us(h.Quantile(0.9)),
		P99Us:  us(h.Quantile(0.99)),
		P999Us: us(h.Quantile(0.999)),
		MaxUs:  us(h.Max()),
	}
}
