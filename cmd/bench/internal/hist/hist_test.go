package hist

import (
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
