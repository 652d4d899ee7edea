package load

import (
	"context"
	"math"
	"runtime"
	"sync"
	"time"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/exit"
	"github.com/airsocket/airsocket/internal/hist"
	"github.com/airsocket/airsocket/internal/report"
)

const (
	// atOnce is how many handshakes there are at a time without a ramp.
	atOnce = 128
	// atOnceRamp is how many there are with a ramp. More would only make all of them slow,
	// and the messages of the other connections late.
	atOnceRamp = 512
	// grid is the unit of the times at which messages are due, so that those of many
	// connections are sent at a time.
	grid = 500 * time.Microsecond
	// closeWait is how long the server may take to answer the close of all connections.
	closeWait = 5 * time.Second
	// most is the maximum number of connections or messages that a step begins.
	most = 2000
	// maxTallies is the maximum number of tallies.
	maxTallies = 16

	never = time.Duration(math.MaxInt64)
)

// A run is the test. One goroutine, in drive, does all that has its time: it opens the
// connections, sends what is due, takes the samples and ends the test. The handlers of the
// connections run in parallel to it.
type run struct {
	config   *config
	progress *progress
	pause    func(time.Duration) // waits up to pauseMost more exactly than a timer; may be nil
	epoch    time.Time
	conns    []conn
	tallies  []tally
	errors   report.Kinds
	closes   report.Kinds
	wake     chan struct{} // has a buffer of one

	// Used by drive only.
	phase       phase
	interrupted bool
	started     int           // how many connections were begun
	slot        int64         // the number of the next message in the order of their times
	end         time.Duration // of sending; never as long as it is not known
	deadline    time.Duration // of the phase after that
	ramped      time.Duration // the end of the ramp, if the end is known
	atRamp      counts        // at that time
	stopped     time.Duration // when sending ended
	atStop      counts        // at that time
	missed      int64         // how many messages were due then, but were not begun
	nextSample  time.Duration
	period      time.Duration // between samples
	history     history
	latency     hist.Hist
	late        hist.Hist

	mu         sync.Mutex
	opening    int // how many connections are being opened
	open       int
	mostOpen   int
	opened     int
	ended      int // how many will have no more events
	unanswered int // how many have answers to wait for
	openTime   hist.Hist
	firstError error // of a connection that was not opened
}

// A phase is a part of the test.
type phase uint8

const (
	sending phase = iota
	awaiting
	closing
	done
)

func newRun(c *config, p *progress) *run {
	r := &run{
		config: c, progress: p, epoch: time.Now(),
		conns:   make([]conn, c.conns),
		tallies: make([]tally, min(maxTallies, runtime.GOMAXPROCS(0))),
		wake:    make(chan struct{}, 1),
		end:     never, deadline: never,
	}
	// About a hundred samples, but progress is shown each second at least.
	r.period = min(max((c.ramp+c.duration)/100, 200*time.Millisecond), time.Second)
	r.nextSample = r.period
	for i := range r.conns {
		// Nothing is due at the beginning, because no connection is open then.
		offset := (share(c.every, i+1, c.conns) + grid - 1) / grid * grid
		r.conns[i] = conn{run: r, number: i, tally: &r.tallies[i%len(r.tallies)], offset: offset}
	}
	return r
}

// share returns d*i/n, which may be too long for an intermediate result.
func share(d time.Duration, i, n int) time.Duration {
	whole, rest := d/time.Duration(n), d%time.Duration(n)
	return whole*time.Duration(i) + rest*time.Duration(i)/time.Duration(n)
}

func (r *run) now() time.Duration { return time.Since(r.epoch) }

// message returns the message with number j of each connection.
func (r *run) message(j int64) *message {
	return &r.config.messages[j%int64(len(r.config.messages))]
}

// drive runs the test. The error is one of the arguments: no connection can be begun.
func (r *run) drive(ctx context.Context) error {
	timer := time.NewTimer(never)
	defer timer.Stop()
	interrupt := ctx.Done()
	for {
		next, err := r.step()
		if err != nil {
			return err
		}
		if r.phase == done {
			break
		}
		wait := next - r.now()
		switch {
		case wait <= 0:
		case r.pause != nil && wait < pauseMost:
			r.pause(wait)
			wait = 0
		case r.pause != nil:
			wait -= pauseMost / 2 // the timer may be late, and the rest is for r.pause
		}
		timer.Reset(max(wait, 0))
		select {
		case <-timer.C:
		case <-r.wake:
		case <-interrupt:
			interrupt = nil
			r.interrupted = true
		}
	}
	// The sockets are closed, but may not have returned from their handlers.
	r.config.Options.Dispatcher.Run(func() {})
	r.takeSample(r.now())
	r.progress.end()
	return nil
}

// step does all that is due, and returns when something is due again.
func (r *run) step() (next time.Duration, err error) {
	now := r.now()
	if now >= r.nextSample {
		r.takeSample(now)
		r.nextSample = now - now%r.period + r.period
	}
	next = r.nextSample
	if r.phase == sending {
		t, err := r.openDue(now)
		if err != nil {
			return 0, err
		}
		next = min(next, t, r.sendDue(now), r.end)
	}
	r.advance(now)
	return min(next, r.deadline), nil
}

// advance goes to the next phase when the time has come for it.
func (r *run) advance(now time.Duration) {
	r.mu.Lock()
	ended, missing := r.ended, r.unanswered
	r.mu.Unlock()
	over := r.started == len(r.conns) && ended == r.started
	if r.phase == sending && (now >= r.end || over || r.interrupted) {
		r.stop(now)
		r.phase, r.deadline = awaiting, now+r.config.wait
		missing = r.await()
	}
	if r.phase == awaiting && (now >= r.deadline || missing == 0 || r.interrupted) {
		r.phase, r.deadline = closing, now+closeWait
		for i := range r.conns {
			r.conns[i].leave()
		}
	}
	if r.phase != closing {
		return
	}
	if ended == r.started {
		r.phase = done
	} else if now >= r.deadline {
		r.deadline = never
		for i := range r.conns {
			r.conns[i].drop()
		}
	}
}

// stop notes the end of sending. If this machine was too slow for the load, messages are left
// that are not even known to their connections.
func (r *run) stop(now time.Duration) {
	if len(r.config.messages) > 0 && r.config.every > 0 {
		for i := range r.conns {
			r.missed += r.conns[i].miss(min(now, r.end))
		}
	}
	r.takeSample(now)
	r.stopped, r.atStop = now, r.history.samples[len(r.history.samples)-1].counts
}

// await makes all connections wait for their answers, and returns how many do.
func (r *run) await() int {
	n := 0
	for i := range r.conns {
		if r.conns[i].await() {
			n++
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.unanswered += n // some of them may have been answered already
	return r.unanswered
}

// openDue begins the connections that are due, and returns when the next one is. After the
// last one it ends the ramp.
func (r *run) openDue(now time.Duration) (next time.Duration, err error) {
	for range most {
		if r.started == len(r.conns) {
			return r.endRamp(now), nil
		}
		due, limit := now, atOnce
		if r.config.ramp > 0 {
			due, limit = share(r.config.ramp, r.started, len(r.conns)), atOnceRamp
		}
		if r.stillOpening() >= limit {
			return never, nil // until one of them is open, or has failed
		}
		if due > now {
			return due, nil
		}
		r.mu.Lock()
		r.opening++
		r.mu.Unlock()
		if err := r.conns[r.started].connect(due); err != nil {
			return 0, err
		}
		r.started++
	}
	return now, nil
}

func (r *run) stillOpening() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.opening
}

// endRamp notes the end of the ramp, from which on the test takes a known time. If the ramp
// goes on, endRamp returns until when, as far as that is known.
func (r *run) endRamp(now time.Duration) (next time.Duration) {
	if r.end == never && now < r.config.ramp {
		return r.config.ramp
	}
	if r.end == never && r.stillOpening() == 0 {
		r.ramped, r.atRamp = now, r.total()
		r.end = now + r.config.duration
	}
	return never
}

// sendDue sends the messages that are due, and returns when the next one is.
func (r *run) sendDue(now time.Duration) (next time.Duration) {
	if len(r.config.messages) == 0 || r.config.every == 0 {
		return never
	}
	n := int64(len(r.conns))
	for range most {
		c, period := &r.conns[r.slot%n], r.slot/n
		due := r.config.every*time.Duration(period) + c.offset
		if due >= r.end {
			return never
		}
		if due > now {
			return due
		}
		c.visit(period)
		r.slot++
	}
	return now
}

// total returns the counts of all connections.
func (r *run) total() (sum counts) {
	for i := range r.tallies {
		t := &r.tallies[i]
		t.mu.Lock()
		sum.add(t.counts)
		t.mu.Unlock()
	}
	return sum
}

// takeSample adds a sample to the history and shows it.
func (r *run) takeSample(now time.Duration) {
	var recent hist.Hist
	s := sample{at: now, errors: r.errors.Total()}
	for i := range r.tallies {
		r.tallies[i].take(&recent, &r.late, &s.counts)
	}
	r.latency.Merge(&recent)
	if s.some = recent.Count() > 0; s.some {
		s.p50, s.p99, s.max = recent.Quantile(.5), recent.Quantile(.99), recent.Max()
	}
	r.mu.Lock()
	s.open = r.open
	r.mu.Unlock()
	r.history.add(s)
	r.progress.show(r, s)
}

// wakeUp makes drive look at what has changed.
func (r *run) wakeUp() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

func (r *run) noteOpened(took time.Duration) {
	r.mu.Lock()
	r.opening--
	r.opened++
	r.open++
	r.mostOpen = max(r.mostOpen, r.open)
	r.openTime.Add(took)
	r.mu.Unlock()
	r.wakeUp() // there may be room for another one
}

// noteClosed is called when a connection will have no more events.
func (r *run) noteClosed(wasOpen bool, code string) {
	if wasOpen {
		r.closes.Add(code)
	}
	r.mu.Lock()
	if wasOpen {
		r.open--
	} else {
		r.opening--
	}
	r.ended++
	r.mu.Unlock()
	r.wakeUp()
}

func (r *run) noteError(err error, wasOpen bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.firstError == nil && !wasOpen {
		r.firstError = err
	}
}

// noteAnswered is called when a connection has no more answers to wait for.
func (r *run) noteAnswered() {
	r.mu.Lock()
	r.unanswered--
	last := r.unanswered == 0
	r.mu.Unlock()
	if last {
		r.wakeUp()
	}
}

// exitCode returns the exit code for the report.
func (r *run) exitCode(rep *report.Report) int {
	switch {
	case r.opened == 0 && r.firstError != nil:
		return exit.ForError(r.firstError, false)
	case !rep.OK():
		return exit.Check
	}
	return exit.OK
}
