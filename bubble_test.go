package airsocket_test

import (
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/wstest"
)

// One Dispatcher in the time of the process, in that of a bubble, and so on.
func TestTimersInsideAndOutsideOfABubble(t *testing.T) {
	type timed struct {
		setTimeout, setInterval func(func(), time.Duration) *airsocket.Timer
		run                     func(func())
	}
	own := airsocket.NewDispatcher()
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
			left := d.setTimeout(func() {}, time.Hour) // of the process all the while
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

// Bubbles and the process use a Dispatcher at the same time. Run waits in each
// for what was started there.
func TestParallelBubbles(t *testing.T) {
	d := airsocket.NewDispatcher()
	total := 0 // no lock: the race detector would tell
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

// What is posted in a bubble runs there, also if the process has posted
// something that is not done.
func TestPostInABubble(t *testing.T) {
	d := airsocket.NewDispatcher()
	busy, free := make(chan struct{}), make(chan struct{})
	d.Post(func() { close(busy); <-free })
	<-busy
	synctest.Test(t, func(t *testing.T) {
		year := 0
		d.Post(func() { year = time.Now().Year() })
		close(free)
		d.Run(func() {})
		if year != 2000 {
			t.Errorf("it ran in the year %d", year)
		}
	})
}

// A timer may be cleared from where its own clock is not.
func TestClearAcrossBubbles(t *testing.T) {
	d := airsocket.NewDispatcher()
	timers, cleared := make(chan *airsocket.Timer), make(chan struct{})
	go func() {
		(<-timers).Clear()
		cleared <- struct{}{}
	}()
	synctest.Test(t, func(t *testing.T) {
		d.Run(func() {
			timers <- d.SetTimeout(func() { t.Error("it ran") }, time.Hour)
			<-cleared
		})
	})
	wstest.Run(t, d, func() {
		own := d.SetTimeout(func() { t.Error("it ran") }, time.Hour)
		synctest.Test(t, func(t *testing.T) { own.Clear() })
	})
}

// A bubble that ends with timers waiting leaves nothing behind on a Dispatcher
// that goes on, and holds up no Run.
func TestTimersOfAnEndedBubble(t *testing.T) {
	d := airsocket.NewDispatcher()
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
			t.Errorf("bubble %d: what its timers refer to is kept", i)
		}
	}
	runtime.KeepAlive(d)
}
