package main

import (
	"time"

	"atprouter/bench/native/internal/hist"
	"atprouter/bench/native/internal/loop"
)

// open sends at a constant arrival rate whatever the server does. Arrival i is due at start + i/rate, and its
// latency counts from that moment, also when it had to wait for a free connection: a stall of the server is
// therefore seen by every arrival that fell into it (no coordinated omission). The queue of waiting arrivals
// is two numbers, so a backlog costs no memory.
type open struct {
	options options
	tally   tally
	lag     hist.Histogram
	loop    *loop.Loop
	window  window
	total   int64

	next         int64 // first arrival that was not handed to a connection
	idle         []*worker
	closed       bool
	backlogMax   int64
	backlogAtEnd int64
	unsent       int64
}

func newOpen(o options) driver {
	return &open{options: o, total: int64(o.rate * o.duration.Seconds())}
}

func (d *open) connections() int { return d.options.conns }

func (d *open) begin(l *loop.Loop, w window) {
	d.loop, d.window = l, w
	l.Go(d.arrivals)
}

func (d *open) intended(i int64) time.Time {
	return d.window.start.Add(time.Duration(float64(i) / d.options.rate * float64(time.Second)))
}

// due returns how many arrivals have come by now.
func (d *open) due() int64 {
	return min(d.total, int64(time.Since(d.window.start).Seconds()*d.options.rate)+1)
}

// arrivals is the task that lets arrivals in.
func (d *open) arrivals(t *loop.Task) {
	for arrived := int64(0); arrived < d.total; {
		if t.SleepUntil(d.intended(arrived)) != nil {
			break
		}
		arrived = d.due()
		d.dispatch(arrived)
	}
	_ = t.SleepUntil(d.window.stop)
	d.backlogAtEnd = d.total - d.next
	for d.next < d.total && t.Sleep(time.Millisecond) == nil {
	}
	d.finish()
}

// dispatch gives due arrivals to idle connections, as far as there are any.
func (d *open) dispatch(due int64) {
	for d.next < due && len(d.idle) > 0 {
		w := d.idle[0]
		d.idle = append(d.idle[:0], d.idle[1:]...)
		w.arrival = d.next
		d.next++
		w.client.task.Wake()
	}
	d.backlogMax = max(d.backlogMax, due-d.next)
}

// take returns the oldest waiting arrival.
func (d *open) take() (int64, bool) {
	if d.closed || d.loop.Expired() || d.next >= d.due() {
		return 0, false
	}
	d.next++
	return d.next - 1, true
}

// finish lets the idle connections go and records arrivals that were never sent with the age they reached.
func (d *open) finish() {
	d.closed = true
	d.unsent = d.total - d.next
	now := time.Now()
	for i := d.next; i < d.total; i++ {
		d.tally.latency.Record(int64(now.Sub(d.intended(i))))
	}
	for _, w := range d.idle {
		if !d.loop.Expired() {
			w.client.task.Wake()
		}
	}
	d.idle = nil
}

// worker is one connection of the pool and the arrival it was woken for.
type worker struct {
	client  *client
	arrival int64
}

func (d *open) drive(_ int, c *client, _ window) {
	w := &worker{client: c}
	for {
		i, ok := d.take()
		if !ok {
			if d.closed {
				return
			}
			d.idle = append(d.idle, w)
			if c.task.Park() != nil || d.closed {
				return
			}
			i = w.arrival
		}
		d.one(i, c)
	}
}

func (d *open) one(i int64, c *client) {
	intended := d.intended(i)
	d.lag.Record(int64(time.Since(intended)))
	ok := c.exchange(&d.tally)
	ended := time.Now()
	d.tally.latency.Record(int64(ended.Sub(intended)))
	if ok {
		d.tally.answered(ended, d.window.stop)
	}
}

func (d *open) result() *Report {
	report := d.tally.report(d.options)
	report.Open = &OpenResult{
		Rate: d.options.rate, Scheduled: d.total, BacklogMax: d.backlogMax, BacklogAtEnd: d.backlogAtEnd, Unsent: d.unsent,
		KeptUp:  d.unsent == 0 && float64(d.backlogAtEnd) <= 0.01*float64(d.total),
		SendLag: summarize(&d.lag),
	}
	return report
}
