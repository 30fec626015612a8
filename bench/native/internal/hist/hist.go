// Package hist is a log-linear latency histogram: 128 linear buckets in every power of two, so that any
// recorded value is known within 0.8 %, from one nanosecond to about 137 seconds, in 32 KiB.
package hist

import "math/bits"

const (
	subBits    = 7
	subCount   = 1 << subBits
	maxBits    = 37
	maxValue   = 1<<maxBits - 1
	bucketsAll = (maxBits - subBits + 1) * subCount
)

// Histogram counts durations in nanoseconds. It belongs to one goroutine.
// Values above the range are counted in the last bucket; negative ones as zero.
type Histogram struct {
	counts [bucketsAll]int64
	total  int64
	sum    int64
	max    int64
}

// indexOf returns the bucket of a value that is already inside the range.
func indexOf(v uint64) int {
	if v < subCount {
		return int(v)
	}
	shift := bits.Len64(v) - subBits - 1
	return shift*subCount + int(v>>shift)
}

// upperBound returns the largest value that falls into bucket i.
func upperBound(i int) int64 {
	if i < 2*subCount {
		return int64(i)
	}
	shift := i/subCount - 1
	base := int64(i%subCount + subCount)
	return (base+1)<<shift - 1
}

// Record adds one value in nanoseconds.
func (h *Histogram) Record(ns int64) {
	if ns < 0 {
		ns = 0
	}
	if ns > maxValue {
		ns = maxValue
	}
	h.counts[indexOf(uint64(ns))]++
	h.total++
	h.sum += ns
	h.max = max(h.max, ns)
}

// Count returns how many values were recorded.
func (h *Histogram) Count() int64 { return h.total }

// Max returns the largest value in nanoseconds, exactly.
func (h *Histogram) Max() int64 { return h.max }

// Mean returns the arithmetic mean in nanoseconds; 0 when empty.
func (h *Histogram) Mean() float64 {
	if h.total == 0 {
		return 0
	}
	return float64(h.sum) / float64(h.total)
}

// Quantile returns an upper bound in nanoseconds for the value at quantile q in (0, 1]: the smallest bucket
// bound such that at least q of all values are at or below it, and never more than Max. 0 when empty.
func (h *Histogram) Quantile(q float64) int64 {
	n := h.total
	if n == 0 {
		return 0
	}
	rank := int64(q * float64(n))
	if float64(rank) < q*float64(n) {
		rank++
	}
	if rank < 1 {
		rank = 1
	}
	var seen int64
	for i := range h.counts {
		seen += h.counts[i]
		if seen >= rank {
			return min(upperBound(i), h.max)
		}
	}
	return h.max
}
