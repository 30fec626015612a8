// Command loadgen drives an HTTP/1.1 server and prints one JSON object with what it saw.
//
//	loadgen -mode closed  -url URL -body FILE -conns 64 -duration 4s
//	loadgen -mode open    -url URL -body FILE -conns 128 -duration 4s -rate 5000
//	loadgen -mode streams -url URL -body FILE -streams 300 -duration 4s
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"atprouter/bench/native/internal/usage"
)

const (
	connsMax    = 20_000
	durationMax = time.Hour
	rateMax     = 1_000_000
)

type options struct {
	mode     string
	url      string
	headers  headerList
	body     string
	conns    int
	streams  int
	duration time.Duration
	grace    time.Duration
	ramp     time.Duration
	rate     float64
	expect   string
}

// headerList collects repeated -header flags.
type headerList []string

func (h *headerList) String() string { return strings.Join(*h, ", ") }

func (h *headerList) Set(line string) error {
	name, value, ok := strings.Cut(line, ":")
	if !ok || name == "" || strings.ContainsAny(line, "\r\n") {
		return errors.New("expected name:value")
	}
	*h = append(*h, strings.TrimSpace(name)+": "+strings.TrimSpace(value))
	return nil
}

func parseFlags() options {
	var o options
	flag.StringVar(&o.mode, "mode", "closed", "closed, open or streams")
	flag.StringVar(&o.url, "url", "", "http://HOST:PORT/path")
	flag.Var(&o.headers, "header", "name:value, repeatable")
	flag.StringVar(&o.body, "body", "", "file with the request body; without it a GET is sent")
	flag.IntVar(&o.conns, "conns", 64, "connections (closed, open)")
	flag.IntVar(&o.streams, "streams", 300, "concurrent streams (streams)")
	flag.DurationVar(&o.duration, "duration", 4*time.Second, "how long new requests are started")
	flag.DurationVar(&o.grace, "grace", 3*time.Second, "how long the last ones may take afterwards")
	flag.DurationVar(&o.ramp, "ramp", time.Second, "first requests of streams are spread over this time, at most the duration")
	flag.Float64Var(&o.rate, "rate", 1000, "arrivals per second (open)")
	flag.StringVar(&o.expect, "expect", "", "text that every plain answer must contain")
	flag.Parse()
	return o
}

func (o options) check() error {
	switch {
	case o.conns < 1 || o.conns > connsMax || o.streams < 1 || o.streams > connsMax:
		return fmt.Errorf("-conns and -streams take 1..%d", connsMax)
	case o.duration <= 0 || o.duration > durationMax || o.grace <= 0 || o.grace > durationMax:
		return fmt.Errorf("-duration and -grace take up to %s", durationMax)
	case o.ramp < 0:
		return errors.New("-ramp takes no negative time")
	case o.rate <= 0 || o.rate > rateMax:
		return fmt.Errorf("-rate takes up to %d", rateMax)
	}
	return nil
}

func main() {
	o := parseFlags()
	runtime.GOMAXPROCS(1)
	report, err := run(o)
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(report)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "loadgen:", err)
		os.Exit(1)
	}
}

func run(o options) (*Report, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	plan, err := newPlan(o)
	if err != nil {
		return nil, err
	}
	newDriver := map[string]func(options) driver{"closed": newClosed, "open": newOpen, "streams": newStreams}[o.mode]
	if newDriver == nil {
		return nil, fmt.Errorf("-mode %q is none of closed, open, streams", o.mode)
	}
	started, cpu := time.Now(), usage.CPUSeconds()
	report, err := session(o, plan, newDriver(o))
	if err != nil {
		return nil, err
	}
	report.Mode, report.URL = o.mode, o.url
	report.WallS = time.Since(started).Seconds()
	report.CPUS = usage.CPUSeconds() - cpu
	return report, nil
}
