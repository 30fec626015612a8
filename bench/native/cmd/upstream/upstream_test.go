package main

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"atprouter/bench/native/internal/loop"
)

func start(t *testing.T) string {
	t.Helper()
	l, err := loop.New()
	if err != nil {
		t.Fatal(err)
	}
	defaults := streamPlan{chunks: 50, pace: 0}
	bound, err := l.Listen(netip.MustParseAddrPort("127.0.0.1:0"), func(task *loop.Task, c *loop.Conn) { serve(task, c, defaults) })
	if err != nil {
		t.Fatal(err)
	}
	l.Deadline = time.Now().Add(time.Minute)
	go l.Run()
	return "http://" + bound.String()
}

func post(t *testing.T, url, body string) *http.Response {
	t.Helper()
	res, err := http.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { res.Body.Close() })
	return res
}

func TestPlainAnswerIsValidJSON(t *testing.T) {
	base := start(t)
	for range 3 {
		res := post(t, base+"/v1/chat/completions", `{"model":"m","messages":[{"role":"user","content":"say \"stream\": true"}]}`)
		var answer struct {
			Choices []struct{ Message struct{ Content string } }
			Usage   struct {
				TotalTokens int `json:"total_tokens"`
			}
		}
		if err := json.NewDecoder(res.Body).Decode(&answer); err != nil || res.StatusCode != 200 {
			t.Fatalf("%d %v", res.StatusCode, err)
		}
		if len(answer.Choices) != 1 || answer.Usage.TotalTokens != 253 {
			t.Fatalf("%+v", answer)
		}
	}
}

func TestStreamHasItsChunksUsageAndEnd(t *testing.T) {
	base := start(t)
	for _, c := range []struct {
		body string
		want int
	}{
		{`{"stream":true}`, 7 + 1},
		{`{"stream" : true, "stream_options":{"include_usage":true}}`, 7 + 2},
	} {
		res := post(t, base+"/v1/chat/completions?chunks=7&pace_ms=0.5", c.body)
		events := 0
		last := ""
		scanner := bufio.NewScanner(res.Body)
		for scanner.Scan() {
			data, ok := strings.CutPrefix(scanner.Text(), "data: ")
			if !ok {
				continue
			}
			if last = data; data != "[DONE]" {
				events++
				if !json.Valid([]byte(data)) {
					t.Fatalf("not JSON: %s", data)
				}
			}
		}
		if events != c.want || last != "[DONE]" {
			t.Errorf("%s: %d events, last %q", c.body, events, last)
		}
	}
}

func TestChunkedRequestBodyAndErrors(t *testing.T) {
	base := start(t)
	req, err := http.NewRequest(http.MethodPost, base+"/v1/chat/completions", io.MultiReader(strings.NewReader(`{"str`), strings.NewReader(`eam":true}`)))
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if got := res.Header.Get("content-type"); got != "text/event-stream" {
		t.Errorf("content-type %q", got)
	}
	if res := post(t, base+"/v1/other", "{}"); res.StatusCode != 404 {
		t.Errorf("unknown path: %d", res.StatusCode)
	}
	for _, query := range []string{"chunks=0", "chunks=x", "pace_ms=-1", "pace_ms=NaN", "chunks=100001"} {
		if res := post(t, base+"/v1/chat/completions?"+query, "{}"); res.StatusCode != 400 {
			t.Errorf("%s: %d", query, res.StatusCode)
		}
	}
}

func TestStampIsWrittenIntoEveryEvent(t *testing.T) {
	w := newStreamWriter()
	now := time.Unix(0, 1_700_000_000_000_000_123)
	if got := strings.Count(string(w.finishUsage.at(now)), `"ts_1700000000000000123"`); got != 2 {
		t.Errorf("%d stamps in finish and usage", got)
	}
}

func TestPlanKeepsDefaults(t *testing.T) {
	plan, ok := planOf([]byte("a=b"), streamPlan{chunks: 3, pace: time.Second})
	if !ok || plan.chunks != 3 || plan.pace != time.Second {
		t.Errorf("%+v %v", plan, ok)
	}
}
