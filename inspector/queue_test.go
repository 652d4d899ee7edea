package inspector

import (
	"runtime"
	"strings"
	"testing"

	"github.com/airsocket/airsocket"
)

// TestQueueOfHeads checks that what waits for an observer that does not read is bounded in
// bytes, that the end of a connection finds room nevertheless, and that there is room again
// when it reads. How much the system buffers does not matter here.
func TestQueueOfHeads(t *testing.T) {
	w := new(watch)
	o := &observer{watch: w, busy: true} // as if the socket were full
	head := requestEvent{Line: "GET / HTTP/1.1", Fields: [][2]string{{"X-Long", strings.Repeat("x", 100<<10)}}}
	for round := range 3 {
		for range 50 {
			o.tell(w, head)
			o.tellFrame(w, frameEvent{Event: "frame"})
		}
		bytes := 0
		for _, text := range o.queue {
			bytes += len(text)
		}
		if bytes > 256<<10 || bytes < 200<<10 {
			t.Errorf("round %d: %d bytes wait", round, bytes)
		}
		o.tellLast(w, closeEvent{Event: "close", Error: strings.Repeat("x", 100<<10)})
		var last []byte
		for {
			text, ok := o.next()
			if !ok {
				break
			}
			last = text
		}
		if !strings.HasPrefix(string(last), `{"event":"close"`) {
			t.Errorf("round %d: the last event is %.40q", round, last)
		}
		o.busy = true
	}
}

// TestLastEventComesBeforeTheEnd checks that nothing can end an observer between the end of the
// connection that it is shown and the event that tells of it: end waits for mu.
func TestLastEventComesBeforeTheEnd(t *testing.T) {
	i := newInspection(new(airsocket.Server))
	o := &observer{inspection: i, busy: true}
	o.watch = &watch{observer: o}
	s := airsocket.NewSocket(nil)
	i.shown[s] = o.watch
	i.showing.Store(1)
	told := make(chan bool)
	o.mu.Lock() // as something does that tells the observer at the same time
	go func() {
		i.closed(s, &airsocket.CloseEvent{Code: 1000})
		close(told)
	}()
	for i.showing.Load() > 0 {
		runtime.Gosched()
	}
	for range 10_000 {
		if i.mu.TryLock() {
			t.Error("the observer could end before it is told")
			i.mu.Unlock()
			break
		}
		runtime.Gosched()
	}
	o.mu.Unlock()
	<-told
	if len(o.queue) != 1 {
		t.Errorf("%q waits", o.queue)
	}
}

// TestObserversThatHaveGone checks that nothing is kept of an observer that has gone.
func TestObserversThatHaveGone(t *testing.T) {
	i := newInspection(new(airsocket.Server))
	o := &observer{inspection: i}
	o.watch = &watch{observer: o}
	i.observers[o] = struct{}{}
	i.begin(o.watch, nil)
	o.over()
	if len(i.observers) != 0 || len(i.watches) != 0 || i.waiting.Load() != 0 {
		t.Errorf("%d observers, %d watches, %d waiting", len(i.observers), len(i.watches), i.waiting.Load())
	}
}
