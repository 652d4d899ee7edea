package scenario

import (
	"context"
	"errors"
	"iter"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/airsocket/airsocket/bot/internal/k6"
	"github.com/airsocket/airsocket/bot/internal/metrics"
)

// A running is a scenario that is being run.
type running struct {
	*config
	test  *test
	info  *k6.Scenario
	begun time.Time
	next  atomic.Int64 // the number of the next iteration
	over  atomic.Bool  // no iteration is to begin
	left  sync.WaitGroup

	mu     sync.Mutex // guards what follows
	vus    []*vu
	slots  []slot // of the VUs of a scenario with stages
	idle   []*vu  // of those of a scenario with a rate
	making int    // VUs that are being made
}

// A slot says what a scenario with stages wants of a VU.
type slot struct {
	wanted  bool
	driving bool
	changes int
}

// errTimeOver is why iterations are stopped that have not ended in time.
var errTimeOver = errors.New("the time of the scenario is over")

// functionName returns the name of the function that the scenario calls.
func (s *running) functionName() string {
	if s.Exec != "" {
		return s.Exec
	}
	return "default"
}

// run runs the scenario until its end, or until ctx is done.
func (s *running) run(ctx context.Context) {
	if !sleep(ctx, s.StartTime.Duration) {
		return
	}
	s.begun = time.Now()
	s.info.Begun = s.begun
	switch s.Executor {
	case sharedIterations, perVUIterations, constantVUs:
		s.runVUs(ctx)
	case rampingVUs:
		s.runStages(ctx)
	case constantArrivalRate, rampingArrivalRate:
		s.runRate(ctx)
	}
	s.finish(ctx)
}

// sleep returns whether the time has passed before ctx was done.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// finish lets iterations end, and stops those that do not in time.
func (s *running) finish(ctx context.Context) {
	s.over.Store(true)
	ended := s.ended()
	select {
	case <-ended:
		return
	default:
	}
	t := time.NewTimer(s.GracefulStop.or(30 * time.Second))
	defer t.Stop()
	select {
	case <-ended:
		return
	case <-t.C:
	case <-ctx.Done():
	}
	s.mu.Lock()
	vus := s.vus
	s.mu.Unlock()
	for _, v := range vus {
		v.stop(errTimeOver)
	}
	<-ended
}

// ended returns a channel that is closed when no VU is running any more.
func (s *running) ended() <-chan struct{} {
	c := make(chan struct{})
	go func() {
		s.left.Wait()
		close(c)
	}()
	return c
}

// runVUs runs iterations on all VUs, until they are done or the time is over.
func (s *running) runVUs(ctx context.Context) {
	for _, v := range s.vus {
		var own int64
		s.left.Add(1)
		v.iterate(s.functionName(), func() (int64, bool) {
			if s.over.Load() {
				return 0, false
			}
			switch s.Executor {
			case perVUIterations:
				if own++; own > s.Iterations.or(1) {
					return 0, false
				}
			case sharedIterations:
				n := s.next.Add(1) - 1
				return n, n < s.Iterations.or(1)
			}
			return s.next.Add(1) - 1, true
		}, s.left.Done)
	}
	ended := s.ended()
	t := time.NewTimer(s.length())
	defer t.Stop()
	select {
	case <-ended:
	case <-t.C:
	case <-ctx.Done():
	}
}

// runStages changes the number of VUs as the stages say.
func (s *running) runStages(ctx context.Context) {
	s.slots = make([]slot, len(s.vus))
	for {
		at := time.Since(s.begun)
		if at >= s.length() {
			return
		}
		want := s.wanted(at)
		s.mu.Lock()
		for i := range s.slots {
			s.want(ctx, i, i < want)
		}
		s.mu.Unlock()
		if !sleep(ctx, s.change(at)-at) {
			return
		}
	}
}

// change returns the time at which the number of VUs changes after a time.
func (s *running) change(at time.Duration) time.Duration {
	from, begin := int(s.StartVUs.or(1)), time.Duration(0)
	for _, st := range s.Stages {
		end, target := begin+st.Duration.Duration, int(st.Target.n)
		if at < end {
			if target == from {
				return end
			}
			done := s.wanted(at) - from
			step := 1
			if target < from {
				done, step = -done, -1
			}
			share := float64(done+1) / float64((target-from)*step)
			next := begin + time.Duration(share*float64(st.Duration.Duration))
			return min(max(next, at+time.Millisecond), end)
		}
		begin, from = end, target
	}
	return s.length()
}

// want starts or ends a VU. The caller holds s.mu.
func (s *running) want(ctx context.Context, i int, wanted bool) {
	slot := &s.slots[i]
	if slot.wanted == wanted {
		return
	}
	slot.wanted = wanted
	slot.changes++
	if !wanted {
		s.rampDown(i)
		return
	}
	if !slot.driving {
		s.begin(ctx, i)
	}
}

// begin starts a VU, or one in its place if it was stopped. The caller holds s.mu.
func (s *running) begin(ctx context.Context, i int) {
	s.slots[i].driving = true
	s.left.Add(1)
	before := s.vus[i]
	if !before.stopped.Load() {
		s.drive(ctx, i, before)
		return
	}
	go func() {
		v, err := s.test.newVU(ctx, before.number, s.info)
		s.mu.Lock()
		defer s.mu.Unlock()
		if err != nil {
			s.test.noteError(before.number, err)
			s.slots[i].driving = false
			s.left.Done()
			return
		}
		s.vus[i] = v
		s.drive(ctx, i, v)
	}()
}

// drive runs iterations on a VU as long as it is wanted.
func (s *running) drive(ctx context.Context, i int, v *vu) {
	next := func() (int64, bool) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.over.Load() || !s.slots[i].wanted {
			s.slots[i].driving = false
			return 0, false
		}
		return s.next.Add(1) - 1, true
	}
	v.iterate(s.functionName(), next, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if v.stopped.Load() {
			s.slots[i].driving = false
			if s.slots[i].wanted && !s.over.Load() && ctx.Err() == nil {
				s.begin(ctx, i) // it is wanted again, although it had to be stopped
			}
		}
		s.left.Done()
	})
}

// rampDown stops a VU that has not ended its iteration in time. The caller holds s.mu.
func (s *running) rampDown(i int) {
	changes, v := s.slots[i].changes, s.vus[i]
	time.AfterFunc(s.GracefulRampDown.or(30*time.Second), func() {
		s.mu.Lock()
		late := s.slots[i].changes == changes && s.slots[i].driving
		s.mu.Unlock()
		if late {
			v.stop(errTimeOver)
		}
	})
}

// starts returns when iterations of a scenario with a rate are due, after its start.
func (c *config) starts() iter.Seq[time.Duration] {
	if c.Executor == rampingArrivalRate {
		return c.rampingStarts()
	}
	return func(yield func(time.Duration) bool) {
		each := float64(c.TimeUnit.or(time.Second)) / float64(c.Rate.n)
		for i := 0.0; ; i++ {
			if due := time.Duration(i * each); due >= c.length() || !yield(due) {
				return
			}
		}
	}
}

// rampingStarts returns when iterations are due whose rate changes linearly in each stage. An
// iteration is due when the area below the rate is a whole number. With a rate of a + kt that
// is, for an area of n since the begin of the stage, at the smaller t for which at + kt²/2 = n.
func (c *config) rampingStarts() iter.Seq[time.Duration] {
	return func(yield func(time.Duration) bool) {
		unit := float64(c.TimeUnit.or(time.Second))
		begin, area, next, a := time.Duration(0), 0.0, 1.0, float64(c.StartRate.n)
		for _, s := range c.Stages {
			length, b := float64(s.Duration.Duration)/unit, float64(s.Target.n)
			end := area + (a+b)/2*length
			for ; next <= end; next++ {
				n, k := next-area, (b-a)/length
				// This form of the solution divides by no difference, which could be 0.
				at := 2 * n / (a + math.Sqrt(max(a*a+2*k*n, 0)))
				if !yield(begin + time.Duration(at*unit)) {
					return
				}
			}
			begin, area, a = begin+s.Duration.Duration, end, b
		}
	}
}

// runRate begins iterations at a rate, on VUs that have none.
func (s *running) runRate(ctx context.Context) {
	s.idle = append(s.idle, s.vus...)
	for due := range s.starts() {
		if !sleep(ctx, due-time.Since(s.begun)) {
			return
		}
		v := s.take(ctx)
		if v == nil {
			tags := metrics.Tags(s.test.options.Tags).With(metrics.Tags{"scenario": s.name})
			s.test.shared.Builtin.Dropped.Add(1, tags)
			continue
		}
		number, some := s.next.Add(1)-1, true
		s.left.Add(1)
		v.iterate(s.functionName(), func() (int64, bool) {
			first := some
			some = false
			return number, first
		}, func() {
			if !v.stopped.Load() {
				s.put(v)
			}
			s.left.Done()
		})
	}
	sleep(ctx, s.length()-time.Since(s.begun)) // gracefulStop counts from the end
}

// take returns a VU without an iteration. If there is none it begins to make one for later,
// if there may be more, and returns nil.
func (s *running) take(ctx context.Context) *vu {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.idle); n > 0 {
		v := s.idle[n-1]
		s.idle = s.idle[:n-1]
		return v
	}
	if len(s.vus)+s.making < s.most() {
		s.making++
		number := s.test.newNumber()
		s.left.Add(1)
		go s.make(ctx, number)
	}
	return nil
}

func (s *running) make(ctx context.Context, number int) {
	defer s.left.Done()
	v, err := s.test.newVU(ctx, number, s.info)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.making--
	if err != nil {
		s.test.noteError(number, err)
		return
	}
	s.vus = append(s.vus, v)
	s.idle = append(s.idle, v)
	s.test.noteMade(v)
}

func (s *running) put(v *vu) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.idle = append(s.idle, v)
}
