package loop

import (
	"bytes"
	"errors"
	"io"
	"net/netip"
	"testing"
	"time"
)

var anyPort = netip.MustParseAddrPort("127.0.0.1:0")

func newLoop(t *testing.T, limit time.Duration) *Loop {
	t.Helper()
	l, err := New()
	if err != nil {
		t.Fatal(err)
	}
	l.Deadline = time.Now().Add(limit)
	return l
}

// echo serves until the peer closes.
func echo(_ *Task, c *Conn) {
	buf := make([]byte, 4096)
	for {
		n, err := c.Read(buf)
		if err != nil {
			return
		}
		if _, err := c.Write(buf[:n]); err != nil {
			return
		}
	}
}

func TestManyConnectionsEcho(t *testing.T) {
	l := newLoop(t, 20*time.Second)
	address, err := l.Listen(anyPort, echo)
	if err != nil {
		t.Fatal(err)
	}
	const clients, rounds = 50, 20
	finished := 0
	for i := range clients {
		l.Go(func(task *Task) {
			c, err := task.Dial(address)
			if err != nil {
				t.Errorf("dial: %v", err)
				return
			}
			defer c.Close()
			message := bytes.Repeat([]byte{byte(i)}, 1000+i)
			got := make([]byte, len(message))
			for range rounds {
				c.Write(message)
				if _, err := io.ReadFull(c, got); err != nil || !bytes.Equal(got, message) {
					t.Errorf("client %d: %v", i, err)
					return
				}
			}
			if finished++; finished == clients {
				l.Deadline = time.Now()
			}
		})
	}
	if err := l.Run(); err != nil {
		t.Fatal(err)
	}
	if finished != clients {
		t.Errorf("%d of %d clients finished", finished, clients)
	}
}

func TestWriteWaitsForASlowReader(t *testing.T) {
	const size = 16 << 20
	l := newLoop(t, 20*time.Second)
	address, err := l.Listen(anyPort, func(_ *Task, c *Conn) {
		if n, err := c.Write(make([]byte, size)); n != size || err != nil {
			t.Errorf("wrote %d: %v", n, err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	l.Go(func(task *Task) {
		c, err := task.Dial(address)
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		buf := make([]byte, 100_000)
		for {
			n, err := c.Read(buf)
			total += n
			if err != nil {
				if err != io.EOF {
					t.Errorf("the end of the stream is %v", err)
				}
				break
			}
		}
		l.Deadline = time.Now()
	})
	if err := l.Run(); err != nil {
		t.Fatal(err)
	}
	if total != size {
		t.Errorf("read %d of %d", total, size)
	}
}

func TestDialRefused(t *testing.T) {
	l := newLoop(t, 10*time.Second)
	address, err := l.Listen(anyPort, echo)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range l.conns {
		if w != nil {
			l.unwatch(w)
		}
	}
	l.Go(func(task *Task) {
		if _, err := task.Dial(address); err == nil {
			t.Error("a closed port accepted")
		}
		l.Deadline = time.Now()
	})
	if err := l.Run(); err != nil {
		t.Fatal(err)
	}
}

func TestSleepsEndInOrderAndTheDeadlineEndsEveryWait(t *testing.T) {
	l := newLoop(t, 10*time.Second)
	var order []int
	for _, ms := range []int{9, 1, 5} {
		l.Go(func(task *Task) {
			if task.Sleep(time.Duration(ms)*time.Millisecond) == nil {
				order = append(order, ms)
			}
			if len(order) == 3 {
				l.Deadline = time.Now()
			}
		})
	}
	ended := 0
	l.Go(func(task *Task) {
		if err := task.Sleep(time.Hour); errors.Is(err, ErrDeadline) {
			ended++
		}
	})
	l.Go(func(task *Task) {
		if err := task.Park(); errors.Is(err, ErrDeadline) {
			ended++
		}
		if task.Sleep(time.Hour) == nil || task.Park() == nil {
			t.Error("an operation after the deadline succeeded")
		}
	})
	if err := l.Run(); err != nil {
		t.Fatal(err)
	}
	if len(order) != 3 || order[0] != 1 || order[1] != 5 || order[2] != 9 {
		t.Errorf("order %v", order)
	}
	if ended != 2 {
		t.Errorf("%d of 2 waits were ended by the deadline", ended)
	}
}

func TestWakeRunsTheParkedTaskFirst(t *testing.T) {
	l := newLoop(t, 10*time.Second)
	var trace []string
	var sleeper *Task
	l.Go(func(task *Task) {
		sleeper = task
		if task.Park() == nil {
			trace = append(trace, "woken")
		}
	})
	l.Go(func(task *Task) {
		sleeper.Wake()
		trace = append(trace, "waker")
	})
	if err := l.Run(); err != nil {
		t.Fatal(err)
	}
	if len(trace) != 2 || trace[0] != "woken" {
		t.Errorf("%v", trace)
	}
}
