package airsocket_test

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/wire"
)

func ExamplePipe() {
	client, server := airsocket.NewSocket(nil), airsocket.NewSocket(nil)
	server.OnMessage(func(e *airsocket.MessageEvent) { server.Send("echo of " + e.Text()) })
	client.OnOpen(func(*airsocket.OpenEvent) { client.Send("hello") })
	client.OnMessage(func(e *airsocket.MessageEvent) {
		fmt.Println(e.Text())
		client.Close(1000, "")
	})
	airsocket.Run(func() {
		if err := airsocket.Pipe(client, server); err != nil {
			fmt.Println(err)
		}
	})
	// Output: echo of hello
}

func TestPipe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := new(airsocket.Dispatcher)
		c := airsocket.NewSocket(&airsocket.Options{Dispatcher: d, Protocols: []string{"chat"}, Header: http.Header{"X-Name": {"c"}}, Compression: airsocket.CompressionTakeover})
		s := airsocket.NewSocket(&airsocket.Options{Dispatcher: d, Protocols: []string{"chat"}, Compression: airsocket.CompressionTakeover})
		jc, js := wstest.Follow(t, c), wstest.Follow(t, s)
		airsocket.AddEventListener(s, airsocket.EventOpen, func(*airsocket.OpenEvent) {
			if r := s.Request(); r == nil || r.Header.Get("X-Name") != "c" || r.Target != "/" {
				t.Errorf("the request is %+v", r)
			}
		})
		start := time.Now()
		if err := airsocket.Pipe(c, s); err != nil {
			t.Fatal(err)
		}
		if err := airsocket.Pipe(c, airsocket.NewSocket(nil)); !errors.Is(err, airsocket.ErrInvalidState) {
			t.Errorf("Pipe with a client that is connecting: %v", err)
		}
		synctest.Wait()
		if c.Protocol() != "chat" || c.Extensions() == "" || c.URL() != "ws://pipe/" {
			t.Errorf("protocol %q, extensions %q, URL %q", c.Protocol(), c.Extensions(), c.URL())
		}
		c.Send("to the server")
		s.SendBytes([]byte{1})
		synctest.Wait()
		s.Close(4001, "done")
		synctest.Wait()
		jc.Want("open", "binary 01", `close 4001 "done" clean`)
		js.Want("open", "text to the server", `close 4001 "done" clean`)
		if took := time.Since(start); took != 0 {
			t.Errorf("it took %v of the bubble's time", took)
		}
	})
}

// TestPipeVersions checks Pipe in every version, and that its sockets can be
// started again.
func TestPipeVersions(t *testing.T) {
	for _, v := range []wire.Version{wire.Hixie75, wire.Hixie76, wire.Hybi06, wire.Hybi13} {
		synctest.Test(t, func(t *testing.T) {
			d := new(airsocket.Dispatcher)
			c := airsocket.NewSocket(&airsocket.Options{Dispatcher: d, Version: v, Origin: "http://pipe"})
			s := airsocket.NewSocket(&airsocket.Options{Dispatcher: d, Versions: wire.AllVersions()})
			for range 2 {
				j := wstest.Follow(t, s)
				if err := airsocket.Pipe(c, s); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				c.Send("x")
				synctest.Wait()
				if len(j.Lines) != 2 || j.Lines[1] != "text x" || s.Version() != v {
					t.Errorf("%v: the server speaks %v and got %q", v, s.Version(), j.Lines)
				}
				c.Close(1000, "")
				synctest.Wait()
			}
		})
	}
}

func TestPipeRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := new(airsocket.Dispatcher)
		c := airsocket.NewSocket(&airsocket.Options{Dispatcher: d, Origin: "http://elsewhere"})
		s := airsocket.NewSocket(&airsocket.Options{Dispatcher: d})
		jc, js := wstest.Follow(t, c), wstest.Follow(t, s)
		if err := airsocket.Pipe(c, s); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		jc.Want("error", `close 1006 "" unclean`)
		js.Want("error", `close 1006 "" unclean`)
		if jc.Err.Status != http.StatusForbidden {
			t.Errorf("the client got status %d", jc.Err.Status)
		}
	})
}

func TestPipeArguments(t *testing.T) {
	s := airsocket.NewSocket(nil)
	for _, pair := range [][2]*airsocket.Socket{{nil, s}, {s, nil}} {
		if err := airsocket.Pipe(pair[0], pair[1]); !errors.Is(err, airsocket.ErrArgument) {
			t.Errorf("Pipe with nil: %v", err)
		}
	}
	bad := airsocket.NewSocket(&airsocket.Options{Protocols: []string{"a b"}})
	if err := airsocket.Pipe(bad, s); !errors.Is(err, airsocket.ErrProtocol) {
		t.Errorf("a subprotocol that is not a token: %v", err)
	}
	d := new(airsocket.Dispatcher)
	one := airsocket.NewSocket(&airsocket.Options{Dispatcher: d})
	wstest.Run(t, d, func() { // Run would not return if the failed start still counted
		if err := airsocket.Pipe(one, one); !errors.Is(err, airsocket.ErrInvalidState) {
			t.Errorf("Pipe of a socket with itself: %v", err)
		}
	})
	if st := one.ReadyState(); st != airsocket.StateClosed {
		t.Errorf("its state is %d", st)
	}
}
