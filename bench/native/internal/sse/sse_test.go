package sse

import "testing"

const stream = "data: {\"id\":1,\"system_fingerprint\":\"ts_1700000000000000123\"}\n\n: comment\n\ndata: {\"id\":2}\r\n\r\ndata: [DONE]\n\n"

func TestCountsAtEverySplit(t *testing.T) {
	for split := 0; split <= len(stream); split++ {
		var stamps []int64
		c := &Counter{OnChunk: func(ns int64) { stamps = append(stamps, ns) }}
		c.Feed([]byte(stream[:split]))
		c.Feed([]byte(stream[split:]))
		if c.Chunks != 2 || !c.Done || c.Failed || c.Err != nil {
			t.Fatalf("split %d: %+v", split, c)
		}
		if len(stamps) != 2 || stamps[0] != 1700000000000000123 || stamps[1] != 0 {
			t.Fatalf("split %d: stamps %v", split, stamps)
		}
	}
}

func TestFailuresAreSeen(t *testing.T) {
	cases := map[string]string{
		"error object":    "data: {\"error\":{\"code\":\"x\"}}\n\n",
		"error event":     "event: error\ndata: {}\n\n",
		"data after done": "data: [DONE]\n\ndata: {}\n\n",
	}
	for name, wire := range cases {
		c := &Counter{}
		c.Feed([]byte(wire))
		if !c.Failed {
			t.Errorf("%s is not seen as a failure", name)
		}
	}
	c := &Counter{}
	c.Feed([]byte("data: {\"id\":1}\n\n"))
	if c.Done {
		t.Error("a cut stream must not look complete")
	}
	c.Reset()
	if c.Chunks != 0 {
		t.Error("reset keeps counts")
	}
	c.Feed(make([]byte, lineMax+1))
	if c.Err != ErrLineTooLong {
		t.Error("an endless line must be refused")
	}
}
