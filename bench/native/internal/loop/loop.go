// Package loop runs many sequential tasks on one thread over one epoll instance. A task is a coroutine
// (iter.Pull): its Read, Write and Sleep give way to others until they can go on, so the code of a connection
// reads from top to bottom while a switch costs about 100 ns. Linux only.
//
// Nothing in here may be used from two goroutines: a loop, its tasks and their connections share no locks.
package loop

import (
	"container/heap"
	"errors"
	"iter"
	"time"
)

// ErrDeadline is what every operation of a task returns once the loop's deadline has passed.
var ErrDeadline = errors.New("loop: deadline has passed")

// Loop runs tasks.
type Loop struct {
	poller  *poller
	conns   []*waiter // by file descriptor
	tasks   map[*Task]struct{}
	timers  timerHeap
	expired bool

	// Deadline ends every wait with ErrDeadline; none when zero. It may be changed by tasks until it has passed.
	Deadline time.Time
}

// New makes a loop. Call Run from the goroutine that made it.
func New() (*Loop, error) {
	p, err := newPoller()
	if err != nil {
		return nil, err
	}
	return &Loop{poller: p, tasks: map[*Task]struct{}{}}, nil
}

// Task is one coroutine of a loop.
type Task struct {
	loop   *Loop
	resume func() (struct{}, bool)
	yield  func(struct{}) bool
	parked bool
	wakeAt time.Time
}

// Go starts a task; it runs at once, until it first has to wait.
func (l *Loop) Go(body func(*Task)) {
	t := &Task{loop: l}
	t.resume, _ = iter.Pull(func(yield func(struct{}) bool) {
		t.yield = yield
		body(t)
	})
	l.tasks[t] = struct{}{}
	l.step(t)
}

// step lets a task run until it waits again or ends.
func (l *Loop) step(t *Task) {
	t.parked = false
	if _, alive := t.resume(); !alive {
		delete(l.tasks, t)
	}
}

// park gives way until someone steps the task.
func (t *Task) park() {
	t.parked = true
	t.yield(struct{}{})
}

// Loop returns the loop that runs the task.
func (t *Task) Loop() *Loop { return t.loop }

// SleepUntil waits until the given time.
func (t *Task) SleepUntil(when time.Time) error {
	if !t.loop.expired && time.Until(when) > 0 {
		t.wakeAt = when
		heap.Push(&t.loop.timers, t)
		t.park()
	}
	if t.loop.expired {
		return ErrDeadline
	}
	return nil
}

// Sleep waits for the given time.
func (t *Task) Sleep(d time.Duration) error { return t.SleepUntil(time.Now().Add(d)) }

// Park waits until another task calls Wake.
func (t *Task) Park() error {
	if !t.loop.expired {
		t.park()
	}
	if t.loop.expired {
		return ErrDeadline
	}
	return nil
}

// Wake lets a task that called Park go on, at once and before the caller does.
func (t *Task) Wake() { t.loop.step(t) }

// Expired tells whether the deadline has passed.
func (l *Loop) Expired() bool { return l.expired }

// Run drives the tasks until all have ended.
func (l *Loop) Run() error {
	preciseTimers()
	for len(l.tasks) > 0 {
		now := time.Now()
		if !l.Deadline.IsZero() && !l.expired && !now.Before(l.Deadline) {
			l.expire()
			continue
		}
		l.fire(now)
		if len(l.tasks) == 0 {
			return nil
		}
		events, err := l.poller.wait(l.patience())
		if err != nil {
			return err
		}
		for i := range events {
			if w := l.conns[events[i].Fd]; w != nil {
				w.ready(events[i].Events)
			}
		}
	}
	return nil
}

// patience returns how long the next wait may last.
func (l *Loop) patience() time.Duration {
	limit := time.Duration(-1)
	if !l.Deadline.IsZero() && !l.expired {
		limit = max(0, time.Until(l.Deadline))
	}
	if len(l.timers) > 0 {
		if next := max(0, time.Until(l.timers[0].wakeAt)); limit < 0 || next < limit {
			limit = next
		}
	}
	return limit
}

// fire steps the tasks whose time has come.
func (l *Loop) fire(now time.Time) {
	for len(l.timers) > 0 && !l.timers[0].wakeAt.After(now) {
		l.step(heap.Pop(&l.timers).(*Task))
	}
}

// expire ends every wait. A task that was stepped runs on with failing operations until it returns.
func (l *Loop) expire() {
	l.expired = true
	l.timers = nil
	waiting := make([]*Task, 0, len(l.tasks))
	for t := range l.tasks {
		waiting = append(waiting, t)
	}
	for _, t := range waiting {
		if t.parked {
			l.step(t)
		}
	}
}

type timerHeap []*Task

func (h timerHeap) Len() int           { return len(h) }
func (h timerHeap) Less(i, j int) bool { return h[i].wakeAt.Before(h[j].wakeAt) }
func (h timerHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *timerHeap) Push(x any)        { *h = append(*h, x.(*Task)) }
func (h *timerHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}
