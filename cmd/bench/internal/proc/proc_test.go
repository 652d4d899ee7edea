package proc

import (
	"os"
	"testing"
)

func TestParseCPU(t *testing.T) {
	for _, test := range []struct {
		stat string
		want float64
		bad  bool
	}{
		{stat: "4242 (gws) S 1 4242 4242 0 -1 4194560 1 0 0 0 150 25 0 0 20 0 9 0 99 1 2", want: 1.75},
		{stat: "1 (a ) b) 9) R 1 1 1 0 -1 0 1 0 0 0 7 3 0 0 20 0 1 0 9 1 2", want: 0.1},
		{stat: "1 (short) R 1 1", bad: true},
		{stat: "1 (text) S 1 1 1 0 -1 0 1 0 0 0 x 3 0 0", bad: true},
		{stat: "", bad: true},
	} {
		got, err := parseCPU([]byte(test.stat))
		if (err != nil) != test.bad || got != test.want {
			t.Errorf("parseCPU(%q) = %v, %v; want %v", test.stat, got, err, test.want)
		}
	}
}

func TestParseRSS(t *testing.T) {
	got, err := parseRSS([]byte("1000 250 100 1 0 300 0\n"))
	if want := 250 * int64(os.Getpagesize()); err != nil || got != want {
		t.Errorf("parseRSS = %v, %v; want %v", got, err, want)
	}
	for _, bad := range []string{"", "1000", "1000 x"} {
		if _, err := parseRSS([]byte(bad)); err == nil {
			t.Errorf("parseRSS(%q): no error", bad)
		}
	}
}

func TestSelf(t *testing.T) {
	if rss, err := RSS(os.Getpid()); err != nil || rss < 1<<20 {
		t.Errorf("RSS = %v, %v", rss, err)
	}
	if _, err := CPU(os.Getpid()); err != nil {
		t.Error(err)
	}
	if pss, err := PSS(os.Getpid()); err != nil || pss < 1<<20 {
		t.Errorf("PSS = %v, %v", pss, err)
	}
	if err := ResetPeak(os.Getpid()); err != nil {
		t.Error(err)
	}
	if peak, err := Peak(os.Getpid()); err != nil || peak < 1<<20 {
		t.Errorf("Peak = %v, %v", peak, err)
	}
	if k, err := ReadKernel(); err != nil || k.Slab == 0 || k.Files == 0 {
		t.Errorf("ReadKernel = %+v, %v", k, err)
	}
}
