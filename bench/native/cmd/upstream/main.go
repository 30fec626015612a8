// Command upstream is a cheap model server for benchmarks. It speaks the OpenAI chat completions shape over
// HTTP/1.1: a fixed JSON answer, or with "stream": true a paced event stream. It prints one line,
// "listening HOST:PORT", and runs on one thread until it is stopped.
package main

import (
	"flag"
	"fmt"
	"net/netip"
	"os"
	"runtime"
	"time"

	"atprouter/bench/native/internal/loop"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "numeric address to listen on; port 0 takes a free one")
	chunks := flag.Int("chunks", 50, "content chunks of a stream, 1..100000; ?chunks= overrides it per request")
	pace := flag.Float64("pace-ms", 20, "milliseconds between chunks, 0..60000; ?pace_ms= overrides it per request")
	flag.Parse()
	runtime.GOMAXPROCS(1)

	defaults := streamPlan{chunks: *chunks, pace: time.Duration(*pace * float64(time.Millisecond))}
	if !defaults.valid() {
		fail(fmt.Errorf("-chunks %d or -pace-ms %g is out of range", *chunks, *pace))
	}
	address, err := netip.ParseAddrPort(*listen)
	if err != nil {
		fail(err)
	}
	l, err := loop.New()
	if err != nil {
		fail(err)
	}
	bound, err := l.Listen(address, func(t *loop.Task, c *loop.Conn) { serve(t, c, defaults) })
	if err != nil {
		fail(err)
	}
	fmt.Printf("listening %s\n", bound)
	fail(l.Run())
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "upstream:", err)
	os.Exit(1)
}
