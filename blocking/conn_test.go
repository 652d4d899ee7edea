package blocking_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/blocking"
	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/internal/waiting"
	"github.com/airsocket/airsocket/wire"
)

// pair returns two sockets that are connected by Pipe, and a Conn for each.
func pair(t testing.TB, client, server *airsocket.Options) (c, s *blocking.Conn) {
	t.Helper()
	d := new(airsocket.Dispatcher)
	client.Dispatcher, server.Dispatcher = d, d
	c, s = newConn(t, airsocket.NewSocket(client)), newConn(t, airsocket.NewSocket(server))
	if err := airsocket.Pipe(c.Socket(), s.Socket()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Socket().Drop(airsocket.StatusNormalClosure, "")
		s.Socket().Drop(airsocket.StatusNormalClosure, "")
	})
	return c, s
}

func newConn(t testing.TB, s *airsocket.Socket) *blocking.Conn {
	t.Helper()
	c, err := blocking.New(s)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// want reads a message and compares it with a text.
func want(t testing.TB, c *blocking.Conn, text string) {
	t.Helper()
	kind, data, err := c.Read(t.Context())
	if kind != wire.Text || string(data) != text || err != nil {
		t.Errorf("read %v %q, %v, want the text %q", kind, data, err, text)
	}
}

func write(t testing.TB, c *blocking.Conn, text string) {
	t.Helper()
	if err := c.Write(t.Context(), wire.Text, []byte(text)); err != nil {
		t.Errorf("Write %q: %v", text, err)
	}
}

func TestMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s := pair(t, &airsocket.Options{}, &airsocket.Options{})
		sent := []blocking.Message{{wire.Text, []byte("text")}, {wire.Binary, []byte{0, 255}}, {wire.Text, nil}, {wire.Binary, nil}}
		for _, m := range sent { // the first waits until the connection is open
			if err := c.Write(t.Context(), m.Kind, m.Data); err != nil {
				t.Fatal(err)
			}
		}
		var got [][]byte
		for i, m := range sent {
			kind, data, err := s.Read(t.Context())
			if kind != m.Kind || string(data) != string(m.Data) || data == nil || err != nil {
				t.Errorf("message %d: %v %q, %v", i, kind, data, err)
			}
			got = append(got, data)
		}
		for i := range got[0] {
			got[0][i] = 'x' // must not change what comes later
		}
		write(t, c, "more")
		want(t, s, "more")
		if string(got[0]) != "xxxx" || got[1][1] != 255 {
			t.Errorf("what was read has changed: %q", got)
		}
		if err := c.Write(t.Context(), wire.Ping, nil); !errors.Is(err, airsocket.ErrArgument) {
			t.Errorf("Write of a ping: %v", err)
		}
		if err := c.Write(t.Context(), wire.Text, []byte{0xff}); !errors.Is(err, wire.ErrBadText) {
			t.Errorf("Write of a text that is not UTF-8: %v", err)
		}
	})
}

func TestJSON(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s := pair(t, &airsocket.Options{}, &airsocket.Options{})
		type move struct{ X, Y int }
		if err := c.WriteJSON(t.Context(), move{1, 2}); err != nil {
			t.Fatal(err)
		}
		var m move
		if err := s.ReadJSON(t.Context(), &m); err != nil || m != (move{1, 2}) {
			t.Errorf("read %+v, %v", m, err)
		}
		if err := c.WriteJSON(t.Context(), func() {}); err == nil {
			t.Error("a function was written")
		}
		write(t, c, "not JSON")
		if err := s.ReadJSON(t.Context(), &m); err == nil {
			t.Error("a text that is not JSON was read")
		}
		if err := c.WriteJSON(t.Context(), "still open"); err != nil {
			t.Error(err)
		}
		want(t, s, `"still open"`)
	})
}

// TestEnds checks what Read, Messages and Write return at the end of a connection, after
// all that came before.
func TestEnds(t *testing.T) {
	for _, test := range []struct {
		name string
		end  func(*airsocket.Socket)
		eof  bool
		want airsocket.CloseError
		is   error // cause
	}{
		{"normal", func(s *airsocket.Socket) { s.Close(1000, "bye") }, true, airsocket.CloseError{Code: 1000, Reason: "bye"}, nil},
		{"going away", func(s *airsocket.Socket) { s.Close(1001, "") }, true, airsocket.CloseError{Code: 1001}, nil},
		{"no status", func(s *airsocket.Socket) { s.Close(0, "") }, true, airsocket.CloseError{Code: 1005}, nil},
		{"another code", func(s *airsocket.Socket) { s.Close(4000, "go") }, false, airsocket.CloseError{Code: 4000, Reason: "go"}, nil},
		{"cut off", func(s *airsocket.Socket) { s.Conn().Close() }, false, airsocket.CloseError{Code: 1006}, io.ErrUnexpectedEOF},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, s := pair(t, &airsocket.Options{}, &airsocket.Options{})
				write(t, s, "one")
				write(t, s, "two")
				synctest.Wait()
				test.end(s.Socket())
				synctest.Wait()
				want(t, c, "one")
				var loop []string
				for m, err := range c.Messages(t.Context()) {
					loop = append(loop, fmt.Sprintf("%s %v", m.Data, err != nil))
				}
				wantLoop := []string{"two false"}
				if !test.eof {
					wantLoop = append(wantLoop, " true")
				}
				if !slices.Equal(loop, wantLoop) {
					t.Errorf("the loop had %q, want %q", loop, wantLoop)
				}
				for range 2 {
					_, _, err := c.Read(t.Context())
					end, ok := errors.AsType[*airsocket.CloseError](err)
					if !ok || end.Code != test.want.Code || end.Reason != test.want.Reason || !errors.Is(end.Err, test.is) {
						t.Errorf("Read: %v, want %v", err, &test.want)
					}
					if errors.Is(err, io.EOF) != test.eof {
						t.Errorf("Read: %v; io.EOF: %v, want %v", err, !test.eof, test.eof)
					}
				}
				if err := c.Write(t.Context(), wire.Text, nil); !errors.Is(err, net.ErrClosed) {
					t.Errorf("Write: %v", err)
				}
			})
		})
	}
}

// TestEndOfThisSide checks that a loop does not take the loss of its own connection, which
// net.ErrClosed reports too, for an end after Close.
func TestEndOfThisSide(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := new(airsocket.Dispatcher)
		here, there := net.Pipe()
		s := airsocket.NewSocket(&airsocket.Options{Dispatcher: d})
		if err := s.StartServer(there); err != nil {
			t.Fatal(err)
		}
		c, err := blocking.Dial(t.Context(), "ws://host/", &airsocket.Options{Dispatcher: d, Dial: wstest.DialTo(closable{here})})
		if err != nil {
			t.Fatal(err)
		}
		c.Socket().Conn().Close()
		errs := 0
		for _, err := range c.Messages(t.Context()) {
			if _, ok := errors.AsType[*airsocket.CloseError](err); !ok || !errors.Is(err, net.ErrClosed) {
				t.Error(err)
			}
			errs++
		}
		if errs != 1 {
			t.Errorf("%d errors", errs)
		}
	})
}

// closable is a net.Conn whose Read returns net.ErrClosed after Close, as that of a
// net.TCPConn does.
type closable struct{ net.Conn }

func (c closable) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err == io.ErrClosedPipe {
		err = net.ErrClosed
	}
	return n, err
}

// TestContexts checks that a context ends only the call that it was passed to.
func TestContexts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s := pair(t, &airsocket.Options{}, &airsocket.Options{})
		brief, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start := time.Now()
		if _, _, err := s.Read(brief); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Read: %v", err)
		}
		if took := time.Since(start); took != time.Minute {
			t.Errorf("Read waited for %v", took)
		}
		if err := c.Write(brief, wire.Text, []byte("never")); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Write: %v", err)
		}
		for _, err := range c.Messages(brief) {
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("Messages: %v", err)
			}
		}
		write(t, c, "one")
		write(t, c, "two")
		synctest.Wait()
		if _, _, err := s.Read(brief); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Read with a message there: %v", err)
		}
		for m, err := range s.Messages(t.Context()) {
			if string(m.Data) != "one" || err != nil {
				t.Errorf("%q, %v", m.Data, err)
			}
			break
		}
		want(t, s, "two")
	})
}

// TestManyGoroutines checks that each message is read once when many goroutines read and
// write.
func TestManyGoroutines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s := pair(t, &airsocket.Options{MaxBuffered: 100}, &airsocket.Options{})
		const writers, each = 8, 50
		var wg sync.WaitGroup
		for w := range writers {
			wg.Go(func() {
				for i := range each {
					write(t, c, fmt.Sprint(w, "/", i))
				}
			})
		}
		var mu sync.Mutex
		seen := map[string]int{}
		var readers sync.WaitGroup
		for range 4 {
			readers.Go(func() {
				for m, err := range s.Messages(t.Context()) {
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					seen[string(m.Data)]++
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		if err := c.Close(1000, ""); err != nil {
			t.Error(err)
		}
		readers.Wait()
		if len(seen) != writers*each {
			t.Errorf("%d different messages, want %d", len(seen), writers*each)
		}
		for m, n := range seen {
			if n != 1 {
				t.Errorf("%q was read %d times", m, n)
			}
		}
	})
}

func TestArguments(t *testing.T) {
	if _, err := blocking.New(nil); !errors.Is(err, airsocket.ErrArgument) {
		t.Errorf("nil: %v", err)
	}
	for _, o := range []*airsocket.Options{{SilentClose: true}, {FrameEvents: true}, {Rules: airsocket.RulesBrowser}} {
		if _, err := blocking.New(airsocket.NewSocket(o)); !errors.Is(err, airsocket.ErrArgument) {
			t.Errorf("SilentClose %v, FrameEvents %v, Rules %d: %v", o.SilentClose, o.FrameEvents, o.Rules, err)
		}
	}
}

// TestNewOnAnOpenSocket checks that a Conn can be made for an open socket in any
// goroutine, while messages come.
func TestNewOnAnOpenSocket(t *testing.T) {
	url := wstest.Serve(t, wstest.Echoing(&airsocket.Server{}))
	s := airsocket.NewSocket(wstest.OwnDispatcher(nil))
	open := make(chan bool)
	s.OnOpen(func(*airsocket.OpenEvent) { close(open) })
	s.OnMessage(func(*airsocket.MessageEvent) {})
	if err := s.Connect(url); err != nil {
		t.Fatal(err)
	}
	<-open
	for range 100 {
		s.Send("early")
	}
	c := newConn(t, s)
	write(t, c, "late")
	for m, err := range c.Messages(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if string(m.Data) == "late" {
			break
		}
	}
	if err := c.Close(1000, ""); err != nil {
		t.Error(err)
	}
}

// TestLetsGo checks that a Conn belongs to one connection, and not to the next one of
// the same Socket.
func TestLetsGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s := pair(t, &airsocket.Options{}, &airsocket.Options{})
		synctest.Wait()
		if err := s.Close(1000, ""); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		if err := airsocket.Pipe(c.Socket(), s.Socket()); err != nil {
			t.Fatal(err)
		}
		next := newConn(t, s.Socket())
		synctest.Wait()
		s.Socket().Send("of another")
		synctest.Wait()
		if _, _, err := c.Read(t.Context()); !errors.Is(err, io.EOF) {
			t.Errorf("Read: %v", err)
		}
		if err := c.Write(t.Context(), wire.Text, nil); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Write: %v", err)
		}
		if err := c.Close(1000, ""); err != nil {
			t.Errorf("Close: %v", err)
		}
		synctest.Wait()
		if st := c.Socket().ReadyState(); st != airsocket.StateOpen {
			t.Errorf("the state of the next connection is %d", st)
		}
		if err := next.Close(1000, ""); err != nil {
			t.Error(err)
		}
	})
}

// TestNewTooLate checks that New does not return a Conn that would wait for ever, for a
// connection that ends before New has added its listeners.
func TestNewTooLate(t *testing.T) {
	here, there := net.Pipe()
	s := airsocket.NewSocket(wstest.OwnDispatcher(nil))
	adds := make(chan struct{})
	do := waiting.Do
	waiting.Do = func(socket any, fn func()) {
		close(adds)
		do(socket, fn)
	}
	defer func() { waiting.Do = do }()
	failed := make(chan error)
	s.OnError(func(*airsocket.ErrorEvent) { // the close event follows in the same turn
		go func() {
			_, err := blocking.New(s)
			failed <- err
		}()
		<-adds
	})
	if err := s.StartServer(here); err != nil {
		t.Fatal(err)
	}
	there.Close()
	if err := <-failed; !errors.Is(err, airsocket.ErrClosed) {
		t.Errorf("New: %v", err)
	}
}
