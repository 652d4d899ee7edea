package load_test

import (
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/load"
)

// The percentiles are those of a server that delays its answers by known times.
func TestPercentiles(t *testing.T) {
	t.Parallel()
	delay := func(k int) {
		ms := 2
		switch {
		case k%1000 == 500:
			ms = 90
		case k%200 == 50:
			ms = 70
		case k%20 == 5:
			ms = 30
		}
		time.Sleep(time.Duration(ms) * time.Millisecond) // what is measured
	}
	args := []string{"-n", "3", "-duration", "100020ms", "-every", "100ms", "-x", "a", "-x", "bc"}
	inBubble(t, nil, dial(echo(delay)), false, args, func(r result) {
		// Of 1000 messages, 944 take 2 ms, 50 take 30 ms, 5 take 70 ms and one 90 ms.
		r.wantAbout(t, "latency", map[string]float64{"p50": .002, "p90": .002, "p99": .030, "p99.9": .070, "max": .090, "mean": (944*2 + 50*30 + 5*70 + 90) / 1e6})
		r.want(t, "messages", map[string]float64{"sent": 3000, "received": 3000, "unanswered": 0, "unexpected": 0, "unsent": 0, "sent_bytes": 4500, "received_bytes": 4500})
		r.want(t, "connections", map[string]float64{"attempted": 3, "opened": 3, "failed": 0, "most": 3})
		r.want(t, "closes", map[string]float64{"1000": 3})
		if r.code != 0 || r.Length < 100*time.Second || r.Length > 101*time.Second {
			t.Errorf("exit code %d after %v", r.code, r.Length)
		}
	})
}

// If the server stalls for a second once, all messages that were due meanwhile count with
// the time that they had to wait, and not only the one that was on its way.
func TestCoordinatedOmission(t *testing.T) {
	t.Parallel()
	stall := func(k int) {
		if k == 500 {
			time.Sleep(time.Second) // the stall
		}
	}
	args := []string{"-n", "1", "-duration", "10005ms", "-every", "10ms", "-x", "a"}
	inBubble(t, nil, dial(echo(stall)), false, args, func(r result) {
		r.want(t, "messages", map[string]float64{"sent": 1000, "received": 1000})
		// The waiting times of a hundred messages are 1 s, 0.99 s, and so on.
		r.wantAbout(t, "latency", map[string]float64{"max": 1, "p99.9": 0.99, "p99": 0.91})
		if mean := r.number(t, "latency", "mean"); mean < 0.0504 || mean > 0.0506 {
			t.Errorf("the mean is %v, want 50.5 of 1000 s", mean)
		}
		if p50 := r.number(t, "latency", "p50"); p50 > .001 {
			t.Errorf("half of the answers took no time, but p50 is %v", p50)
		}
	})
}

// A server that takes nothing from the wire is a stall too: what is due is sent when it reads
// again, and counts from when it was due.
func TestStallOfReading(t *testing.T) {
	t.Parallel()
	serve := func(p *peer) {
		time.Sleep(10 * time.Second) // the stall, longer than a connection can keep what is due
		echo(nil)(p)
	}
	// The messages that are due in 10 s are more than what a connection keeps unsent.
	args := []string{"-n", "1", "-duration", "30100ms", "-every", "200ms", "-size", "60000"}
	inBubble(t, nil, dial(serve), false, args, func(r result) {
		r.want(t, "messages", map[string]float64{"sent": 150, "received": 150, "unsent": 0, "unanswered": 0})
		r.wantAbout(t, "latency", map[string]float64{"max": 9.8})
		if late := r.number(t, "late", "max"); late < 8 || late > 9.8 {
			t.Errorf("messages were sent up to %v s late", late)
		}
		if mean := r.number(t, "late", "mean"); mean < 1.45 || mean > 1.55 {
			t.Errorf("messages were sent %v s late on average", mean)
		}
	})
}

// If this machine is too slow to send all that is due, the report says so.
func TestTooSlow(t *testing.T) {
	t.Parallel()
	args := []string{"-n", "100", "-duration", "8s", "-every", "10ms", "-x", "a"}
	synctest.Test(t, func(t *testing.T) {
		// The first line of the progress comes after 5 s, and takes until the end.
		rep, code, err := load.Run(t.Context(), dial(echo(nil)), slowWriter{}, false, args...)
		if err != nil {
			t.Fatal(err)
		}
		r := result{Report: rep, code: code}
		sent, unsent := r.number(t, "messages", "sent"), r.number(t, "messages", "unsent")
		// The last five connections have their turn at the end of each period.
		if sent+unsent != 80000-5 || sent > 60000 {
			t.Errorf("%v sent and %v not sent, want 79995 in all", sent, unsent)
		}
		if notes := strings.Join(r.Notes, "\n"); !strings.Contains(notes, fmt.Sprintf("too slow for the load: %v messages", unsent)) {
			t.Errorf("notes: %s", notes)
		}
	})
}

// A slowWriter takes a minute for each line.
type slowWriter struct{}

func (slowWriter) Write(p []byte) (int, error) {
	time.Sleep(time.Minute) // a minute of the bubble
	return len(p), nil
}

// With -every 0 a connection sends when its last message was answered.
func TestEveryZero(t *testing.T) {
	t.Parallel()
	args := []string{"-n", "4", "-duration", "1995ms", "-every", "0", "-x", "a"}
	inBubble(t, nil, dial(echo(after(10*time.Millisecond))), false, args, func(r result) {
		r.want(t, "messages", map[string]float64{"sent": 800, "received": 800, "unanswered": 0})
		r.wantAbout(t, "latency", map[string]float64{"p50": .01, "max": .01})
		for _, g := range r.Groups {
			if g.Key == "late" && len(g.Metrics) > 0 {
				t.Errorf("nothing is due, but there is %+v", g)
			}
		}
	})
}

// Messages are sent evenly: the connections take turns.
func TestConnectionsTakeTurns(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var times []time.Duration
	var start time.Time
	serve := func(p *peer) {
		mu.Lock()
		if start.IsZero() {
			start = time.Now()
		}
		mu.Unlock()
		for m := p.read(); m != nil; m = p.read() {
			mu.Lock()
			times = append(times, time.Since(start))
			mu.Unlock()
			p.write(1, m)
		}
	}
	inBubble(t, nil, dial(serve), false, []string{"-n", "4", "-duration", "3100ms", "-every", "1s", "-x", "a"}, func(r result) {
		for i, at := range times[len(times)-8:] {
			if want := 1250*time.Millisecond + time.Duration(i)*250*time.Millisecond; at != want {
				t.Errorf("message %d was sent at %v, want %v", i, at, want)
			}
		}
	})
}

// The end of the test waits for answers, but not longer than they take.
func TestLastAnswers(t *testing.T) {
	t.Parallel()
	slow := echo(after(1500 * time.Millisecond))
	inBubble(t, nil, dial(slow), false, []string{"-n", "2", "-duration", "10s", "-every", "2s", "-x", "a", "-wait", "1h"}, func(r result) {
		r.want(t, "messages", map[string]float64{"sent": 9, "received": 9, "unanswered": 0})
		if r.Length != 10500*time.Millisecond {
			t.Errorf("the test took %v", r.Length)
		}
	})
}

// A server that answers nothing fails checks of latencies.
func TestNoAnswers(t *testing.T) {
	t.Parallel()
	silent := func(p *peer) {
		for p.read() != nil {
		}
	}
	args := []string{"-n", "2", "-duration", "10s", "-every", "1s", "-x", "a", "-wait", "3s", "-check", "p99<1h", "-check", "unanswered>18"}
	inBubble(t, nil, dial(silent), false, args, func(r result) {
		r.want(t, "messages", map[string]float64{"sent": 19, "received": 0, "unanswered": 19})
		// The first of them was due after half a second, and the last 3 s are those of -wait.
		r.wantAbout(t, "latency", map[string]float64{"max": 12.5})
		if r.code != 7 || r.Outcomes[0].OK || r.Outcomes[0].Actual != nil || !r.Outcomes[1].OK {
			t.Errorf("exit code %d, checks %+v", r.code, r.Outcomes)
		}
		if r.Length != 13*time.Second {
			t.Errorf("the test took %v", r.Length)
		}
		if notes := strings.Join(r.Notes, "\n"); !strings.Contains(notes, "-match none") {
			t.Errorf("notes: %s", notes)
		}
	})
}

// If the test is shorter than -every, the report says why nothing was sent.
func TestNothingDue(t *testing.T) {
	t.Parallel()
	for duration, say := range map[string]bool{"1s": true, "4s": false} {
		inBubble(t, nil, dial(echo(nil)), false, []string{"-n", "3", "-duration", duration, "-every", "10s", "-x", "a"}, func(r result) {
			if notes := strings.Join(r.Notes, "\n"); strings.Contains(notes, "no message was due") != say {
				t.Errorf("-duration %s: notes: %s", duration, notes)
			}
		})
	}
}

func TestMatch(t *testing.T) {
	t.Parallel()
	chatty := func(p *peer) {
		p.write(1, []byte("welcome"))
		for k := 0; ; k++ {
			m := p.read()
			if m == nil {
				return
			}
			if k%5 == 3 {
				continue // not answered
			}
			p.write(1, []byte("news"))
			time.Sleep(20 * time.Millisecond) // what is measured
			p.write(1, m)
		}
	}
	args := func(match string, more ...string) []string {
		return append([]string{"-n", "1", "-duration", "10050ms", "-every", "100ms", "-x", "a", "-x", "b", "-x", "c", "-match", match}, more...)
	}
	t.Run("equal", func(t *testing.T) {
		inBubble(t, nil, dial(chatty), false, args("equal"), func(r result) {
			r.want(t, "messages", map[string]float64{"sent": 100, "received": 161, "unexpected": 81, "unanswered": 20})
			// Those that are not answered wait for the answer to the next one.
			r.wantAbout(t, "latency", map[string]float64{"p50": .02, "max": .12})
		})
	})
	t.Run("order", func(t *testing.T) {
		inBubble(t, nil, dial(chatty), false, args("order"), func(r result) {
			r.want(t, "messages", map[string]float64{"sent": 100, "received": 161, "unanswered": 0})
			if n := r.number(t, "messages", "unexpected"); n < 61 {
				t.Errorf("%v messages too many, of which %v are unexpected", 61, n)
			}
		})
	})
	t.Run("none", func(t *testing.T) {
		inBubble(t, nil, dial(chatty), false, args("none", "-check", "rate>15"), func(r result) {
			r.want(t, "messages", map[string]float64{"sent": 100, "received": 161, "unanswered": 0, "unexpected": 0})
			for _, g := range r.Groups {
				if g.Key == "latency" && len(g.Metrics) > 0 {
					t.Errorf("there are latencies: %+v", g)
				}
			}
			if r.code != 0 || r.Length > 11*time.Second {
				t.Errorf("exit code %d after %v", r.code, r.Length)
			}
		})
	})
}

// Without messages the connections are held open.
func TestHoldOpen(t *testing.T) {
	t.Parallel()
	inBubble(t, nil, dial(echo(nil)), false, []string{"-n", "5", "-duration", "60s"}, func(r result) {
		r.want(t, "connections", map[string]float64{"opened": 5, "most": 5})
		if r.code != 0 || r.Length < time.Minute || len(r.Charts) != 1 {
			t.Errorf("exit code %d, %v, %d charts", r.code, r.Length, len(r.Charts))
		}
	})
}

// The plots over time have a point for each sample, and none for the moments of the end, in which
// nothing is sent. A stall is a gap.
func TestPlots(t *testing.T) {
	t.Parallel()
	stall := func(k int) {
		if k == 40 {
			time.Sleep(3 * time.Second) // the gap
		}
	}
	inBubble(t, nil, dial(echo(stall)), false, []string{"-n", "1", "-duration", "10s", "-every", "100ms", "-x", "a"}, func(r result) {
		for _, c := range r.Charts[:2] {
			for _, l := range c.Lines {
				gaps := 0
				for _, p := range l.Points {
					if math.IsNaN(p.Y) {
						gaps++
					}
				}
				// A sample is taken each 200 ms; the stall begins with the message that is due at 4.1 s.
				want := map[string]int{"Latency over time": 14, "Rate over time": 0}[c.Title]
				if last := l.Points[len(l.Points)-1]; len(l.Points) != 50 || gaps != want || last.X != 10 || last.Y == 0 && c.Title == "Rate over time" {
					t.Errorf("%s of %q: %d points to %v with %d gaps, want 50 to 10 s with %d", l.Name, c.Title, len(l.Points), last, gaps, want)
				}
			}
		}
	})
}
