package airsocket_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/airsocket/airsocket"
)

// inBothTimes runs a test in a synctest bubble and outside of it.
func inBothTimes(t *testing.T, test func(t *testing.T)) {
	t.Run("bubble", func(t *testing.T) { synctest.Test(t, test) })
	t.Run("process", test)
}

func TestTimers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := new(airsocket.Dispatcher)
		start := time.Now()
		var got []string
		at := func(what string) { got = append(got, what+" "+time.Since(start).String()) }
		d.Run(func() {
			d.SetTimeout(func() { at("timeout") }, 3*time.Second)
			d.SetTimeout(func() { at("cleared") }, 2*time.Second).Clear()
			n := 0
			var every *airsocket.Timer
			every = d.SetInterval(func() {
				at("interval")
				if n++; n == 4 {
					every.Clear()
					every.Clear()
				}
			}, time.Second)
		})
		want := []string{"interval 1s", "interval 2s", "timeout 3s", "interval 3s", "interval 4s"}
		if !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
		if took := time.Since(start); took != 4*time.Second {
			t.Errorf("Run returned after %v", took)
		}
	})
}

func TestTimersOfTheSameTimeRunInTheOrderOfTheCalls(t *testing.T) {
	inBothTimes(t, func(t *testing.T) {
		d := new(airsocket.Dispatcher)
		var got []int
		d.Run(func() {
			for i := range 100 {
				d.SetTimeout(func() { got = append(got, i) }, time.Duration(-i%2)) // a negative delay counts as zero
			}
			got = append(got, -1) // no timer runs in this turn
		})
		for i, v := range got {
			if v != i-1 {
				t.Fatalf("the order is %v", got)
			}
		}
		if len(got) != 101 {
			t.Errorf("%d of the timers ran", len(got)-1)
		}
	})
}

// TestTimersRunInTheOrderOfTheirTimes checks the order of timers whose times are so
// close together that many have passed before the first function can run.
func TestTimersRunInTheOrderOfTheirTimes(t *testing.T) {
	inBothTimes(t, func(t *testing.T) {
		d := new(airsocket.Dispatcher)
		start := time.Now()
		type timer struct{ first, last time.Duration } // bounds of the time at which it is due
		var got []timer
		d.Run(func() {
			for range 1000 {
				delay := rand.N(time.Millisecond)
				var own timer
				own.first = time.Since(start) + delay
				d.SetTimeout(func() { got = append(got, own) }, delay)
				own.last = time.Since(start) + delay
			}
		})
		if len(got) != 1000 {
			t.Errorf("%d of the timers ran", len(got))
		}
		wrong, latest := 0, time.Duration(0)
		for _, own := range got {
			if own.last < latest {
				wrong++
			}
			latest = max(latest, own.first)
		}
		if wrong > 0 {
			t.Errorf("%d of the timers ran after a later one", wrong)
		}
	})
}

// TestTimersDueTogether checks the order of several timers, an interval among them,
// that become due while a function runs. A timer without a delay that this function
// sets comes after them.
func TestTimersDueTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := new(airsocket.Dispatcher)
		start := time.Now()
		var got []string
		note := func(what string) func() {
			return func() { got = append(got, fmt.Sprint(what, " ", time.Since(start))) }
		}
		d.Run(func() {
			d.SetTimeout(note("b"), 4*time.Millisecond)
			d.SetTimeout(note("a"), 3*time.Millisecond)
			var every *airsocket.Timer
			n := 0
			every = d.SetInterval(func() {
				note("every")()
				if n++; n == 3 {
					every.Clear()
				}
			}, 4*time.Millisecond)
			d.SetTimeout(note("c"), 4*time.Millisecond)
			cleared := d.SetTimeout(note("cleared"), 4*time.Millisecond)
			d.SetTimeout(func() {
				time.Sleep(10 * time.Millisecond) // so that all others are due when it returns
				d.SetTimeout(note("nested"), 0)
				d.SetTimeout(note("nested later"), 4*time.Millisecond)
				cleared.Clear()
				note("slow")()
			}, time.Millisecond)
		})
		want := []string{"slow 11ms", "a 11ms", "b 11ms", "every 11ms", "c 11ms", "nested 11ms", "nested later 15ms", "every 15ms", "every 19ms"}
		if !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	})
}

// TestNestedTimers checks that timers set in the turn of another one run after
// those that are already due.
func TestNestedTimers(t *testing.T) {
	inBothTimes(t, func(t *testing.T) {
		d := new(airsocket.Dispatcher)
		var got []string
		var note func(what string, depth int) func()
		note = func(what string, depth int) func() {
			return func() {
				got = append(got, what)
				if depth > 0 {
					d.SetTimeout(note(what+what[:1], depth-1), 0)
				}
			}
		}
		d.Run(func() {
			d.SetTimeout(note("a", 2), 0)
			d.SetTimeout(note("b", 1), 0)
			d.SetTimeout(note("c", 0), 0)
		})
		if want := []string{"a", "b", "c", "aa", "bb", "aaa"}; !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	})
}

// TestManyTimers compares the order of many timers, some of which are cleared, with
// a sorted list.
func TestManyTimers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type timer struct {
			call  int
			delay time.Duration
		}
		d := new(airsocket.Dispatcher)
		var got, want []timer
		d.Run(func() {
			handles := make([]*airsocket.Timer, 5000)
			for call := range handles {
				own := timer{call, rand.N(200 * time.Millisecond).Truncate(time.Millisecond)}
				handles[call] = d.SetTimeout(func() { got = append(got, own) }, own.delay)
				want = append(want, own)
			}
			rand.Shuffle(len(want), func(i, j int) { want[i], want[j] = want[j], want[i] })
			for _, own := range want[4000:] {
				handles[own.call].Clear()
			}
			want = want[:4000]
		})
		slices.SortFunc(want, func(a, b timer) int { return cmp.Or(cmp.Compare(a.delay, b.delay), cmp.Compare(a.call, b.call)) })
		if !slices.Equal(got, want) {
			t.Error("the timers ran in another order, or not all of them ran")
		}
	})
}

// TestIntervalAfterASlowRun checks that the time of an interval counts from the end
// of one run to the start of the next, so that a slow function is not called more
// often.
func TestIntervalAfterASlowRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := new(airsocket.Dispatcher)
		start := time.Now()
		var got []time.Duration
		d.Run(func() {
			var every *airsocket.Timer
			every = d.SetInterval(func() {
				got = append(got, time.Since(start))
				time.Sleep(5 * time.Second) // a run that is longer than the interval
				if len(got) == 3 {
					every.Clear()
				}
			}, time.Second)
		})
		if want := []time.Duration{1 * time.Second, 7 * time.Second, 13 * time.Second}; !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
	})
}

// TestClearInATurn checks that of two timers that are due, the one that runs first
// can clear the other.
func TestClearInATurn(t *testing.T) {
	inBothTimes(t, func(t *testing.T) {
		d := new(airsocket.Dispatcher)
		var got []string
		d.Run(func() {
			var a, b *airsocket.Timer
			a = d.SetTimeout(func() { got = append(got, "a"); b.Clear() }, 0)
			b = d.SetTimeout(func() { got = append(got, "b"); a.Clear() }, 0)
		})
		if !slices.Equal(got, []string{"a"}) {
			t.Errorf("%q ran, want only a", got)
		}
	})
}

// TestClearFromOutside checks that Clear stops the first, the last and the only
// timer, from any goroutine, and that Run does not wait for them.
func TestClearFromOutside(t *testing.T) {
	inBothTimes(t, func(t *testing.T) {
		d := new(airsocket.Dispatcher)
		d.Run(func() {
			var timers []*airsocket.Timer
			for i := range 9 {
				timers = append(timers, d.SetTimeout(func() { t.Errorf("timer %d ran", i) }, time.Duration(1+i)*time.Hour))
			}
			go func() {
				for _, i := range []int{0, 8, 4, 4, 1, 2, 3, 5, 6, 7} {
					timers[i].Clear()
				}
			}()
		})
	})
}

func TestZeroIntervalIsAMillisecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := new(airsocket.Dispatcher)
		start := time.Now()
		d.Run(func() {
			var every *airsocket.Timer
			every = d.SetInterval(func() { every.Clear() }, 0)
		})
		if took := time.Since(start); took != time.Millisecond {
			t.Errorf("the interval ran after %v", took)
		}
	})
}

// TestRunWaitsForTheFunctionOfAClearedTimer checks that Run waits for a function
// that has cleared its own timer, and for everything that it starts.
func TestRunWaitsForTheFunctionOfAClearedTimer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := new(airsocket.Dispatcher)
		done := ""
		d.Run(func() {
			var every *airsocket.Timer
			every = d.SetInterval(func() {
				every.Clear()
				time.Sleep(time.Second) // Run could return meanwhile
				done += "interval "
				d.SetTimeout(func() { done += "started by it" }, time.Second)
			}, time.Second)
		})
		if want := "interval started by it"; done != want {
			t.Errorf("when Run returned %q had run, want %q", done, want)
		}
	})
}

// TestRunWaitsForHandlers checks that Run waits for posted functions and for the
// last handler of a socket.
func TestRunWaitsForHandlers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := new(airsocket.Dispatcher)
		done := ""
		d.Run(func() {
			d.Post(func() {
				time.Sleep(time.Second) // Run could return meanwhile
				d.Post(func() { done += "posted " })
			})
		})
		d.Run(func() {
			for _, parallel := range []bool{false, true} {
				opts := &airsocket.Options{Dispatcher: d, Parallel: parallel}
				client, server := airsocket.NewSocket(opts), airsocket.NewSocket(opts)
				client.OnOpen(func(*airsocket.OpenEvent) { client.Close(1000, "") })
				client.OnClose(func(*airsocket.CloseEvent) {
					d.SetTimeout(func() { done += "closed " }, time.Second)
				})
				if err := airsocket.Pipe(client, server); err != nil {
					t.Error(err)
				}
			}
		})
		if want := "posted closed closed "; done != want {
			t.Errorf("when Run returned %q had run, want %q", done, want)
		}
	})
}

// TestGoexitInATimer checks that a function that ends its goroutine, as t.FailNow
// does, holds up neither other timers nor its own interval.
func TestGoexitInATimer(t *testing.T) {
	inBothTimes(t, func(t *testing.T) {
		d := new(airsocket.Dispatcher)
		var got []string
		d.Run(func() {
			d.SetTimeout(func() { got = append(got, "a"); runtime.Goexit() }, 0)
			n := 0
			var every *airsocket.Timer
			every = d.SetInterval(func() {
				if got = append(got, "every"); n == 1 {
					every.Clear()
				}
				n++
				runtime.Goexit()
			}, time.Nanosecond)
			d.SetTimeout(func() { got = append(got, "b"); runtime.Goexit() }, 0)
		})
		slices.Sort(got)
		if want := []string{"a", "b", "every", "every"}; !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	})
}

// BenchmarkTimerAmongAMillion measures setting and clearing a timer while a million
// others wait.
func BenchmarkTimerAmongAMillion(b *testing.B) {
	d := new(airsocket.Dispatcher)
	for range 1_000_000 {
		d.SetTimeout(func() {}, time.Hour+rand.N(time.Hour))
	}
	for b.Loop() {
		d.SetTimeout(func() {}, time.Hour+rand.N(time.Hour)).Clear()
	}
}
