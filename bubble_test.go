package airsocket_test

import (
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// TestTimersInsideAndOutsideOfABubble checks that one Dispatcher can be used
// outside of bubbles and inside of them by turns.
func TestTimersInsideAndOutsideOfABubble(t *testing.T) {
	type timed struct {
		setTimeout, setInterval func(func(), time.Duration) *airsocket.Timer
		run                     func(func())
	}
	own := new(airsocket.Dispatcher)
	for name, d := range map[string]timed{
		"default": {airsocket.SetTimeout, airsocket.SetInterval, airsocket.Run},
		"own":     {own.SetTimeout, own.SetInterval, own.Run},
	} {
		t.Run(name, func(t *testing.T) {
			use := func(t *testing.T) {
				var got []int
				d.run(func() {
					d.setTimeout(func() { got = append(got, 3) }, 200*time.Millisecond)
					d.setTimeout(func() { got = append(got, 1) }, 0)
					var every *airsocket.Timer
					every = d.setInterval(func() { got = append(got, 2); every.Clear() }, time.Millisecond)
				})
				if !slices.Equal(got, []int{1, 2, 3}) {
					t.Errorf("%v", got)
				}
			}
			left := d.setTimeout(func() {}, time.Hour) // waits outside of the bubbles all the time
			synctest.Test(t, use)
			left.Clear()
			use(t)
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				d.run(func() { d.setTimeout(func() {}, 1000*time.Hour) })
				if took := time.Since(start); took != 1000*time.Hour {
					t.Errorf("Run returned after %v", took)
				}
				d.setTimeout(func() { t.Error("a timer of a bubble ran after its end") }, time.Hour)
			})
			use(t)
			synctest.Test(t, use)
		})
	}
}

// TestParallelBubbles uses a Dispatcher in several bubbles and outside of them at
// the same time, and checks that each Run waits for what was started in the same
// place.
func TestParallelBubbles(t *testing.T) {
	d := new(airsocket.Dispatcher)
	total := 0 // no lock: the race detector would report an overlap
	for range 4 {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			inBothTimes(t, func(t *testing.T) {
				for range 50 {
					start, ran := time.Now(), 0
					d.Run(func() {
						for range 5 {
							d.SetTimeout(func() { ran++; total++ }, time.Millisecond)
							d.Post(func() { ran++; total++ })
						}
						d.SetTimeout(func() { t.Error("a cleared timer ran") }, time.Hour).Clear()
					})
					if ran != 10 {
						t.Errorf("%d of 10 functions ran", ran)
					}
					if took := time.Since(start); start.Year() == 2000 && took != time.Millisecond {
						t.Errorf("Run returned after %v", took)
					}
				}
			})
		})
	}
	t.Cleanup(func() {
		if want := 4 * 2 * 50 * 10; total != want {
			t.Errorf("%d functions ran, want %d", total, want)
		}
	})
}

// TestPostInABubble checks that a function posted in a bubble runs there, even
// while a function that was posted outside has not returned.
func TestPostInABubble(t *testing.T) {
	d := new(airsocket.Dispatcher)
	busy, free := make(chan struct{}), make(chan struct{})
	d.Post(func() { close(busy); <-free })
	<-busy
	synctest.Test(t, func(t *testing.T) {
		year := 0
		d.Post(func() { year = time.Now().Year() })
		close(free)
		d.Run(func() {})
		if year != 2000 {
			t.Errorf("the function ran in the year %d", year)
		}
	})
}

// TestClearAcrossBubbles checks that a timer can be cleared from a place with
// another clock.
func TestClearAcrossBubbles(t *testing.T) {
	d := new(airsocket.Dispatcher)
	timers, cleared := make(chan *airsocket.Timer), make(chan struct{})
	go func() {
		(<-timers).Clear()
		cleared <- struct{}{}
	}()
	synctest.Test(t, func(t *testing.T) {
		d.Run(func() {
			timers <- d.SetTimeout(func() { t.Error("a cleared timer ran") }, time.Hour)
			<-cleared
		})
	})
	wstest.Run(t, d, func() {
		own := d.SetTimeout(func() { t.Error("a cleared timer ran") }, time.Hour)
		synctest.Test(t, func(t *testing.T) { own.Clear() })
	})
}

// TestTimersOfAnEndedBubble checks that a bubble that ends with waiting timers
// leaves nothing on its Dispatcher, and that a later Run does not wait for them.
func TestTimersOfAnEndedBubble(t *testing.T) {
	d := new(airsocket.Dispatcher)
	var held []weak.Pointer[[1024]byte]
	for range 3 {
		synctest.Test(t, func(t *testing.T) {
			big := new([1024]byte)
			held = append(held, weak.Make(big))
			d.SetTimeout(func() { big[0]++ }, time.Hour)
			d.SetTimeout(func() { big[0]++ }, time.Hour).Clear()
			d.SetInterval(func() { big[0]++ }, time.Hour)
		})
	}
	wstest.Run(t, d, func() { d.SetTimeout(func() {}, time.Millisecond) })
	for range 10 {
		runtime.GC()
	}
	for i, p := range held {
		if p.Value() != nil {
			t.Errorf("bubble %d: the memory that its timers refer to was not released", i)
		}
	}
	runtime.KeepAlive(d)
}
