package hist

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func TestBucketsAreContiguousAndTight(t *testing.T) {
	for i := 1; i < bucketsAll; i++ {
		low := upperBound(i-1) + 1
		high := upperBound(i)
		if low > high {
			t.Fatalf("bucket %d is empty: %d..%d", i, low, high)
		}
		if got := indexOf(uint64(low)); got != i {
			t.Fatalf("indexOf(%d) = %d, want %d", low, got, i)
		}
		if got := indexOf(uint64(high)); got != i {
			t.Fatalf("indexOf(%d) = %d, want %d", high, got, i)
		}
		if float64(high-low) > 0.008*float64(high) {
			t.Fatalf("bucket %d is wider than 0.8 %%: %d..%d", i, low, high)
		}
	}
	if got := upperBound(bucketsAll - 1); got != maxValue {
		t.Fatalf("last bucket ends at %d, want %d", got, maxValue)
	}
}

func TestQuantilesAgainstSortedValues(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 11))
	h := &Histogram{}
	values := make([]int64, 20000)
	for i := range values {
		values[i] = int64(rng.ExpFloat64() * 250_000)
		h.Record(values[i])
	}
	slices.Sort(values)
	for _, q := range []float64{0.001, 0.5, 0.9, 0.99, 0.999, 1} {
		rank := int(q*float64(len(values))) - 1
		want := values[max(rank, 0)]
		got := h.Quantile(q)
		if got < want || float64(got) > float64(want)*1.008+1 {
			t.Errorf("quantile %v = %d, sorted value is %d", q, got, want)
		}
	}
	if h.Max() != values[len(values)-1] || h.Count() != int64(len(values)) {
		t.Errorf("max %d count %d", h.Max(), h.Count())
	}
}

func TestEdges(t *testing.T) {
	h := &Histogram{}
	if h.Quantile(0.5) != 0 || h.Mean() != 0 {
		t.Error("an empty histogram answers zero")
	}
	h.Record(-5)
	h.Record(1 << 60)
	if h.Quantile(0.5) != 0 || h.Quantile(1) != maxValue {
		t.Errorf("clamping: p50 %d p100 %d", h.Quantile(0.5), h.Quantile(1))
	}
	one := &Histogram{}
	one.Record(1_000_003)
	if one.Quantile(0.5) != 1_000_003 {
		t.Errorf("a single value is exact through max, got %d", one.Quantile(0.5))
	}
}
