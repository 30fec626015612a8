package main

import (
	"fmt"
	"time"

	"atprouter/bench/native/internal/loop"
)

const connectTimeout = 5 * time.Second

// window is the time in which requests are started.
type window struct{ start, stop time.Time }

// driver is one way of generating load.
type driver interface {
	connections() int
	// begin is called once, when all connections are open; it may start further tasks.
	begin(l *loop.Loop, w window)
	// drive uses connection i until the load is over.
	drive(i int, c *client, w window)
	result() *Report
}

// session opens all connections, starts the clock, lets the driver work and bounds the whole in time: answers
// that are missing a grace period after the last request was started end with loop.ErrDeadline.
func session(o options, plan *requestPlan, d driver) (*Report, error) {
	l, err := loop.New()
	if err != nil {
		return nil, err
	}
	l.Deadline = time.Now().Add(connectTimeout)
	g := &gate{missing: d.connections()}
	g.open = func() window {
		now := time.Now()
		w := window{start: now, stop: now.Add(o.duration)}
		l.Deadline = w.stop.Add(o.grace)
		d.begin(l, w)
		return w
	}
	for i := range d.connections() {
		l.Go(func(t *loop.Task) {
			c := &client{plan: plan, task: t}
			defer c.close()
			if w, ok := g.pass(c); ok {
				d.drive(i, c, w)
			}
		})
	}
	if err := l.Run(); err != nil {
		return nil, err
	}
	if g.err != nil {
		return nil, g.err
	}
	return d.result(), nil
}

// gate holds every task until all have connected.
type gate struct {
	missing int
	waiting []*loop.Task
	open    func() window
	window  window
	err     error
}

// pass connects and returns the window once all have; ok is false when any of them failed.
func (g *gate) pass(c *client) (w window, ok bool) {
	err := c.connect()
	if err != nil && g.err == nil {
		g.err = fmt.Errorf("connecting to %s: %w", c.plan.address, err)
	}
	if g.missing--; g.missing > 0 {
		g.waiting = append(g.waiting, c.task)
		if c.task.Park() != nil {
			return w, false
		}
		return g.window, g.err == nil
	}
	if g.err == nil {
		g.window = g.open()
	}
	for _, other := range g.waiting {
		other.Wake()
	}
	return g.window, g.err == nil
}
