package echo_test

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/clitest"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/serve/echo"
	"github.com/airsocket/airsocket/wire"
)

func TestDumbIncrement(t *testing.T) {
	t.Parallel()
	s := clitest.StartServe(t)
	var got []string
	clitest.Talk(t, nil, s.URL(), echo.DumbIncrement, func(c *airsocket.Socket) {
		c.OnMessage(func(e *airsocket.MessageEvent) {
			got = append(got, e.Text())
			switch {
			case len(got) == 2:
				c.Send("reset") // has no effect without the line feed
			case len(got) == 4:
				c.Send("reset\n")
			case len(got) > 4 && e.Text() == "1":
				c.Close(airsocket.StatusNormalClosure, "")
			}
		})
	})
	if all := strings.Join(got, " "); all != "0 1 2 3 0 1" && all != "0 1 2 3 4 0 1" {
		t.Errorf("got %s", all)
	}
}

func TestMirrorKeepsOrderAndKind(t *testing.T) {
	t.Parallel()
	s := clitest.StartServe(t)
	var texts, binaries string
	clitest.Talk(t, nil, s.URL(), echo.LWSMirror, func(c *airsocket.Socket) {
		c.OnOpen(func(*airsocket.OpenEvent) {
			for _, text := range []string{"a", "b", "c"} {
				c.Send(text)
			}
			c.SendBytes([]byte("d"))
		})
		c.OnMessage(func(e *airsocket.MessageEvent) {
			if e.Kind() == wire.Text {
				texts += e.Text()
				return
			}
			binaries += e.Text()
			c.Close(airsocket.StatusNormalClosure, "")
		})
	})
	if texts != "abc" || binaries != "d" {
		t.Errorf("text %q and binary %q", texts, binaries)
	}
}

func TestMirrorClosesWhoDoesNotRead(t *testing.T) {
	t.Parallel()
	s := clitest.StartServe(t, "--quiet")
	message := strings.Repeat("x", 1<<20)
	var slow *airsocket.Socket
	done := false
	reason := ""
	clitest.Talk(t, nil, s.URL(), echo.LWSMirror, func(quick *airsocket.Socket) {
		o := &airsocket.Options{Dispatcher: nil, Parallel: true}
		slow = airsocket.NewSocket(o)
		slow.OnOpen(func(*airsocket.OpenEvent) {
			slow.Pause()
			quick.Send(message)
		})
		slow.OnClose(func(e *airsocket.CloseEvent) {
			reason = e.Reason
			quick.Close(airsocket.StatusNormalClosure, "")
		})
		quick.OnOpen(func(*airsocket.OpenEvent) { slow.Connect(s.URL(), echo.LWSMirror) })
		n := 0
		quick.OnMessage(func(*airsocket.MessageEvent) {
			// 64 MiB is far more than the system buffers for a socket that is
			// not read.
			if n++; n < 64 {
				quick.Send(message)
			} else if !done {
				done = true
				slow.Resume()
			}
		})
	})
	if reason != "this client reads too slowly" {
		t.Errorf("the slow one was closed with %q", reason)
	}
}

func TestMirrorHoldsUpWhoIsTooFast(t *testing.T) {
	t.Parallel()
	busy := make(chan struct{})
	disp := new(airsocket.Dispatcher)
	disp.Post(func() { <-busy })
	defer close(busy)
	clitest.Flood(t, clitest.DialRaw(t, clitest.ServeWith(t, &airsocket.Options{Parallel: true}, echo.NewMirror(disp))))
}

func TestFraggle(t *testing.T) {
	t.Parallel()
	s := clitest.StartServe(t, "--quiet", "--fragment-size", "100")
	messages := 0
	var sum uint32
	lengths := map[int]bool{}
	clitest.Talk(t, &airsocket.Options{FrameEvents: true}, s.URL(), echo.Fraggle, func(c *airsocket.Socket) {
		c.OnFrame(func(e *airsocket.FrameEvent) {
			if messages%2 == 0 {
				if n := len(e.Data); n < 1 || n > 2000 {
					t.Errorf("a fragment has %d bytes", n)
				}
				lengths[len(e.Data)] = true
				for _, b := range e.Data {
					sum += uint32(b)
				}
			} else {
				if got := binary.BigEndian.Uint32(e.Data); got != sum || e.Cont || e.More {
					t.Errorf("the sum is %#x, the server says %#x, cont %v, more %v", sum, got, e.Cont, e.More)
				}
				sum = 0
			}
			if e.More {
				return
			}
			if messages++; messages == 20 {
				c.Close(airsocket.StatusNormalClosure, "")
			}
		})
	})
	if messages != 20 || len(lengths) < 50 {
		t.Errorf("%d messages in fragments of %d lengths", messages, len(lengths))
	}
}
