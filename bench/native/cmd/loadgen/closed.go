package main

import (
	"time"

	"atprouter/bench/native/internal/loop"
)

// closed keeps one request in flight on each connection: the next one starts when the last has ended.
type closed struct {
	options options
	tally   tally
}

func newClosed(o options) driver { return &closed{options: o} }

func (d *closed) connections() int         { return d.options.conns }
func (d *closed) begin(*loop.Loop, window) {}
func (d *closed) result() *Report          { return d.tally.report(d.options) }

func (d *closed) drive(_ int, c *client, w window) {
	for began := time.Now(); began.Before(w.stop); {
		ok := c.exchange(&d.tally)
		ended := time.Now()
		if ok {
			d.tally.latency.Record(int64(ended.Sub(began)))
			d.tally.answered(ended, w.stop)
		}
		began = ended
	}
}
