package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func optionsFor(t *testing.T, mode string, handler http.HandlerFunc) options {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	body := filepath.Join(t.TempDir(), "body.json")
	if err := os.WriteFile(body, []byte(`{"model":"m"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	return options{
		mode: mode, url: server.URL + "/x", body: body, conns: 4, streams: 4, rate: 200,
		duration: 300 * time.Millisecond, grace: 5 * time.Second,
	}
}

func mustRun(t *testing.T, o options) *Report {
	t.Helper()
	report, err := run(o)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func TestClosedCountsWhatTheServerSaw(t *testing.T) {
	var seen atomic.Int64
	o := optionsFor(t, "closed", func(w http.ResponseWriter, r *http.Request) {
		seen.Add(1)
		if r.Header.Get("x-key") != "secret" || r.ContentLength != 13 {
			t.Errorf("headers %v, length %d", r.Header, r.ContentLength)
		}
		fmt.Fprint(w, `{"choices":[]}`)
	})
	o.headers = headerList{"x-key: secret"}
	o.expect = `"choices"`
	report := mustRun(t, o)
	if report.Count != seen.Load() || report.Count == 0 || report.Errors != 0 || report.Non2xx != 0 {
		t.Errorf("server saw %d: %+v", seen.Load(), report)
	}
	if report.Latency.Count != report.Count || report.BytesIn != 14*report.Count {
		t.Errorf("%+v", report)
	}
}

func TestBadAnswersAreNotCountedAsGood(t *testing.T) {
	cases := map[string]http.HandlerFunc{
		"status": func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "busy", http.StatusTooManyRequests) },
		"text":   func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "something else") },
		"cut":    func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	}
	for name, handler := range cases {
		o := optionsFor(t, "closed", handler)
		o.expect = `"choices"`
		report := mustRun(t, o)
		if report.Count != 0 || report.Latency.Count != 0 || report.Errors+report.Non2xx == 0 || report.FirstError == "" {
			t.Errorf("%s: %+v", name, report)
		}
	}
}

func TestConnectionCloseIsFollowedByANewConnection(t *testing.T) {
	o := optionsFor(t, "closed", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("connection", "close")
		fmt.Fprint(w, "{}")
	})
	report := mustRun(t, o)
	if report.Errors != 0 || report.Reconnects != report.Count || report.Count == 0 {
		t.Errorf("%+v", report)
	}
}

func TestOpenLoopChargesAStallToEveryArrivalInIt(t *testing.T) {
	const stall = 400 * time.Millisecond
	var requests atomic.Int64
	o := optionsFor(t, "open", func(w http.ResponseWriter, _ *http.Request) {
		if requests.Add(1) == 1 {
			time.Sleep(stall)
		}
		fmt.Fprint(w, "{}")
	})
	o.conns, o.rate, o.duration = 1, 100, 300*time.Millisecond
	report := mustRun(t, o)
	// All 30 arrivals are due within the stall of the first; a generator that waits for answers would have sent one.
	if report.Open.Scheduled != 30 || report.Count != 30 || report.Open.Unsent != 0 {
		t.Fatalf("%+v %+v", report, report.Open)
	}
	if fastest := float64(stall-o.duration) / 1e3; report.Latency.P50Us < fastest+float64(14*10*1000) {
		t.Errorf("half of the arrivals waited less than %.0f µs", report.Latency.P50Us)
	}
	if report.Open.KeptUp || report.Open.BacklogMax < 20 {
		t.Errorf("the backlog is not reported: %+v", report.Open)
	}
}

func TestOpenLoopGivesUpInBoundedTime(t *testing.T) {
	release := make(chan struct{})
	o := optionsFor(t, "open", func(http.ResponseWriter, *http.Request) { <-release })
	t.Cleanup(func() { close(release) })
	o.conns, o.rate, o.grace = 2, 100, 200*time.Millisecond
	report := mustRun(t, o)
	if report.Count != 0 || report.Open.Unsent != 28 || report.Errors != 2 || report.Open.KeptUp {
		t.Errorf("%+v %+v", report, report.Open)
	}
	if report.Latency.Count != 30 {
		t.Errorf("unanswered arrivals must be recorded with their age: %+v", report.Latency)
	}
}

func TestStreamsTellCompleteFromCut(t *testing.T) {
	var streams atomic.Int64
	o := optionsFor(t, "streams", func(w http.ResponseWriter, _ *http.Request) {
		end := "data: [DONE]\n\n"
		if streams.Add(1)%2 == 0 {
			end = ""
		}
		fmt.Fprint(w, strings.Repeat("data: {}\n\n", 3))
		w.(http.Flusher).Flush()
		fmt.Fprint(w, end)
	})
	report := mustRun(t, o)
	s := report.Streams
	if s.Streams == 0 || s.Incomplete == 0 || s.Streams+s.Incomplete != streams.Load() || report.Errors != s.Incomplete {
		t.Errorf("server sent %d: %+v %+v", streams.Load(), report, s)
	}
	if s.ChunksMin != 3 || s.ChunksMax != 3 || s.Chunks != 3*streams.Load() || s.FirstChunk.Count != streams.Load() {
		t.Errorf("%+v", s)
	}
}

func TestUsageErrors(t *testing.T) {
	o := optionsFor(t, "closed", func(http.ResponseWriter, *http.Request) {})
	for name, change := range map[string]func(*options){
		"mode":     func(o *options) { o.mode = "other" },
		"url":      func(o *options) { o.url = "https://127.0.0.1:1/" },
		"host":     func(o *options) { o.url = "http://localhost/" },
		"conns":    func(o *options) { o.conns = 0 },
		"rate":     func(o *options) { o.rate = 0 },
		"duration": func(o *options) { o.duration = 0 },
		"body":     func(o *options) { o.body = "/does/not/exist" },
	} {
		changed := o
		change(&changed)
		if _, err := run(changed); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := run(options{mode: "closed", url: "http://127.0.0.1:1/", conns: 3, streams: 1, duration: time.Second, grace: time.Second, rate: 1}); err == nil {
		t.Error("nobody listens on port 1, yet no error")
	}
}
