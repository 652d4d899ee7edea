package airsocket_test

import (
	"sync"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// TestData checks that a Socket keeps the program's value through its connections, from
// any goroutine, and that a Socket without one gets no memory for it.
func TestData(t *testing.T) {
	type user struct{ name string }
	s := airsocket.NewSocket(nil)
	if v := s.Data(); v != nil {
		t.Errorf("a new Socket has %v", v)
	}
	if n := testing.AllocsPerRun(100, func() { s.SetData(nil); s.Data() }); n != 0 {
		t.Errorf("%v allocations without a value", n)
	}
	for _, v := range []any{1, "text", &user{"Ann"}, nil, false} { // any type after any other
		if s.SetData(v); s.Data() != v {
			t.Errorf("%v instead of %v", s.Data(), v)
		}
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for i := range 1000 {
				s.SetData(i)
				if _, ok := s.Data().(int); !ok {
					t.Errorf("%v is no int", s.Data())
				}
			}
		})
	}
	all.Wait()

	opts := wstest.OwnDispatcher(nil)
	ann := &user{"Ann"}
	c := airsocket.NewSocket(opts)
	c.SetData(ann)
	closed := 0
	c.OnClose(func(e *airsocket.CloseEvent) {
		if e.Target().Data() != ann {
			t.Errorf("%v in the close event", e.Target().Data())
		}
		if closed++; closed == 1 {
			c.Connect("ws://127.0.0.1:1/")
		}
	})
	wstest.Run(t, opts.Dispatcher, func() { c.Connect("ws://127.0.0.1:1/") })
	if c.Data() != ann || closed != 2 {
		t.Errorf("%v after %d close events", c.Data(), closed)
	}
}
