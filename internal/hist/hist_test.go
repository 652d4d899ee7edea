package hist

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestQuantile(t *testing.T) {
	var h Hist
	if got := h.Quantile(0.5); got != 0 {
		t.Errorf("of nothing: %v", got)
	}
	for i := 1; i <= 1000; i++ {
		h.Add(time.Duration(i) * time.Microsecond)
	}
	for _, test := range []struct {
		q    float64
		want time.Duration
	}{
		{0, time.Microsecond},
		{0.5, 500 * time.Microsecond},
		{0.99, 990 * time.Microsecond},
		{0.999, 999 * time.Microsecond},
		{1, time.Millisecond},
	} {
		got := h.Quantile(test.q)
		if got > test.want || float64(got) < 0.98*float64(test.want) {
			t.Errorf("Quantile(%v) = %v, want %v", test.q, got, test.want)
		}
	}
	h.Reset()
	if got := h.Quantile(0.5); got != 0 {
		t.Errorf("after Reset: %v", got)
	}
}

// A quantile is the duration with that rank, or less than 1/64 shorter; never longer.
func TestQuantileOfAny(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var h Hist
		all := make([]time.Duration, 1+r.IntN(3000))
		for i := range all {
			all[i] = time.Duration(math.Exp(r.Float64() * math.Log(1e15)))
			h.Add(all[i])
		}
		slices.Sort(all)
		for _, percent := range []int{0, 1, 50, 90, 99, 100} {
			want := all[max((percent*len(all)+99)/100, 1)-1]
			got := h.Quantile(float64(percent) / 100)
			if got > want || float64(got) < float64(want)*64/65-1 {
				t.Fatalf("of %d durations, p%d is %v, want %v", len(all), percent, got, want)
			}
		}
	}
}

func TestQuantileOfFew(t *testing.T) {
	var h Hist
	h.Add(time.Millisecond)
	h.Add(time.Second)
	if got := h.Quantile(0.5); got > time.Millisecond {
		t.Errorf("half do not exceed %v", got)
	}
	if got := h.Quantile(0.75); got < 900*time.Millisecond {
		t.Errorf("three quarters do not exceed %v", got)
	}
}

func TestBuckets(t *testing.T) {
	for _, v := range []uint64{1, 2, 3, 63, 64, 65, 127, 128, 1e3, 1e6, 1e9, 1<<62 + 12345} {
		low := lowest(index(v))
		if low > float64(v) || low < float64(v)/1.016 {
			t.Errorf("%d is in the bucket from %v", v, low)
		}
	}
	var h Hist
	h.Add(-time.Second)
	if got := h.Quantile(1); got != 1 {
		t.Errorf("a negative duration counts as %v", got)
	}
}

// A merged Hist has what a Hist would have to which everything was added.
func TestMerge(t *testing.T) {
	var all, even, odd Hist
	for i := 1; i <= 1000; i++ {
		d := time.Duration(i) * time.Microsecond
		all.Add(d)
		if i%2 == 0 {
			even.Add(d)
		} else {
			odd.Add(d)
		}
	}
	var merged Hist
	merged.Merge(&even)
	merged.Merge(&Hist{})
	merged.Merge(&odd)
	if merged != all {
		t.Errorf("merged: %d, mean %v, max %v; want %d, %v, %v", merged.Count(), merged.Mean(), merged.Max(), all.Count(), all.Mean(), all.Max())
	}
}

func TestSummary(t *testing.T) {
	var h Hist
	if h.Count() != 0 || h.Mean() != 0 || h.Max() != 0 {
		t.Errorf("of nothing: %d, %v, %v", h.Count(), h.Mean(), h.Max())
	}
	for _, ms := range []int{1, 2, 3, 4, 1001} {
		h.Add(time.Duration(ms) * time.Millisecond)
	}
	if got, want := h.Mean(), 202200*time.Microsecond; got != want {
		t.Errorf("mean %v, want %v", got, want)
	}
	if got, want := h.Max(), 1001*time.Millisecond; got != want {
		t.Errorf("max %v, want %v", got, want)
	}
	if h.Count() != 5 {
		t.Errorf("count %d", h.Count())
	}
}

func TestEachBucket(t *testing.T) {
	var h Hist
	for _, d := range []time.Duration{5, 5, time.Millisecond, time.Second} {
		h.Add(d)
	}
	var counts []int64
	last := time.Duration(0)
	for low, n := range h.Buckets() {
		if low <= last {
			t.Errorf("%v comes after %v", low, last)
		}
		last = low
		counts = append(counts, n)
	}
	if !slices.Equal(counts, []int64{2, 1, 1}) {
		t.Errorf("counts %v", counts)
	}
	for range h.Buckets() {
		break
	}
}
