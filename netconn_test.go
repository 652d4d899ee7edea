package airsocket_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/nettest"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/wire"
)

// netPair returns two sockets that are connected by Pipe, and the streams over
// them.
func netPair(t testing.TB, client, server *airsocket.Options, kind wire.Kind) (cs, ss *airsocket.Socket, c, s net.Conn) {
	t.Helper()
	d := new(airsocket.Dispatcher)
	client.Dispatcher, server.Dispatcher = d, d
	cs, ss = airsocket.NewSocket(client), airsocket.NewSocket(server)
	c, s = netConn(t, cs, kind), netConn(t, ss, kind)
	if err := airsocket.Pipe(cs, ss); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(); s.Close() })
	return cs, ss, c, s
}

func netConn(t testing.TB, s *airsocket.Socket, kind wire.Kind) net.Conn {
	t.Helper()
	c, err := airsocket.NetConn(s, kind)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestNetConnPromises runs the tests of golang.org/x/net for implementations of
// net.Conn.
func TestNetConnPromises(t *testing.T) {
	t.Run("pipe", func(t *testing.T) {
		nettest.TestConn(t, func() (net.Conn, net.Conn, func(), error) {
			_, _, c, s := netPair(t, &airsocket.Options{}, &airsocket.Options{}, wire.Binary)
			return c, s, func() { c.Close(); s.Close() }, nil
		})
	})
	t.Run("tcp", func(t *testing.T) {
		conns := make(chan net.Conn, 1)
		srv := &airsocket.Server{Options: &airsocket.Options{Dispatcher: new(airsocket.Dispatcher)}}
		srv.OnConnect(func(s *airsocket.Socket) { conns <- netConn(t, s, wire.Binary) })
		url := wstest.Serve(t, srv)
		nettest.TestConn(t, func() (net.Conn, net.Conn, func(), error) {
			cs := airsocket.NewSocket(&airsocket.Options{Dispatcher: new(airsocket.Dispatcher)})
			c := netConn(t, cs, wire.Binary)
			if err := cs.Connect(url); err != nil {
				return nil, nil, nil, err
			}
			s := <-conns
			return c, s, func() { c.Close(); s.Close() }, nil
		})
	})
}

func ExampleNetConn() {
	client, server := airsocket.NewSocket(nil), airsocket.NewSocket(nil)
	c, _ := airsocket.NetConn(client, wire.Binary)
	s, _ := airsocket.NetConn(server, wire.Binary)
	go func() {
		io.Copy(s, s) // echoes until the stream ends
		s.Close()
	}()
	if err := airsocket.Pipe(client, server); err != nil {
		fmt.Println(err)
	}
	fmt.Fprintln(c, "hello")
	line, _ := bufio.NewReader(c).ReadString('\n')
	fmt.Print(line)
	c.Close()
	// Output: hello
}

func TestNetConnArguments(t *testing.T) {
	s := airsocket.NewSocket(nil)
	if _, err := airsocket.NetConn(nil, wire.Binary); !errors.Is(err, airsocket.ErrArgument) {
		t.Errorf("nil socket: %v", err)
	}
	if _, err := airsocket.NetConn(s, wire.Ping); !errors.Is(err, airsocket.ErrArgument) {
		t.Errorf("pings: %v", err)
	}
	c := netConn(t, s, wire.Text)
	if a := c.RemoteAddr(); a == nil || a.Network() == "" || a.String() == "" {
		t.Errorf("RemoteAddr before the start: %v", a)
	}
}

func TestNetConnEnds(t *testing.T) {
	for _, test := range []struct {
		name string
		end  func(*airsocket.Socket)
		want error
		code airsocket.StatusCode
	}{
		{"normal", func(s *airsocket.Socket) { s.Close(1000, "") }, io.EOF, 0},
		{"going away", func(s *airsocket.Socket) { s.Close(1001, "") }, io.EOF, 0},
		{"no status", func(s *airsocket.Socket) { s.Close(0, "") }, io.EOF, 0},
		{"another code", func(s *airsocket.Socket) { s.Close(4000, "go") }, nil, 4000},
		{"cut off", func(s *airsocket.Socket) { s.Conn().Close() }, io.ErrUnexpectedEOF, 1006},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, ss, c, s := netPair(t, &airsocket.Options{}, &airsocket.Options{}, wire.Binary)
				if _, err := s.Write([]byte("last words")); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				test.end(ss)
				synctest.Wait()
				got := make([]byte, 10)
				if _, err := io.ReadFull(c, got); string(got) != "last words" {
					t.Errorf("read %q, %v", got, err)
				}
				_, err := c.Read(got)
				var closed *airsocket.CloseError
				switch {
				case test.want != nil && !errors.Is(err, test.want):
					t.Errorf("the stream ended with %v, want %v", err, test.want)
				case test.code == 0:
				case !errors.As(err, &closed) || closed.Code != test.code:
					t.Errorf("the stream ended with %v, want a CloseError with %d", err, test.code)
				}
				if _, err := c.Write([]byte("late")); !errors.Is(err, net.ErrClosed) {
					t.Errorf("Write after the end: %v", err)
				}
			})
		})
	}
}

// TestNetConnClose checks that what was written before Close arrives, and that
// Close ends calls that wait.
func TestNetConnClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, ss, c, s := netPair(t, &airsocket.Options{}, &airsocket.Options{}, wire.Binary)
		synctest.Wait()
		ss.Pause() // so that nothing the peer does ends a waiting call
		start := time.Now()
		sent := bytes.Repeat([]byte("all of it "), 3000)
		if _, err := c.Write(sent); err != nil {
			t.Fatal(err)
		}
		read := make(chan error)
		go func() {
			_, err := c.Read(make([]byte, 1))
			read <- err
		}()
		write := make(chan error)
		go func() {
			_, err := c.Write(make([]byte, 1<<20))
			write <- err
		}()
		synctest.Wait()
		c.Close()
		ss.Resume()
		if err := <-read; !errors.Is(err, net.ErrClosed) {
			t.Errorf("the Read that waited: %v", err)
		}
		if err := <-write; !errors.Is(err, net.ErrClosed) {
			t.Errorf("the Write that waited: %v", err)
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("they waited for %v after Close", took)
		}
		if _, err := c.Write(sent); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Write after Close: %v", err)
		}
		if err := c.SetDeadline(time.Now()); !errors.Is(err, net.ErrClosed) {
			t.Errorf("SetDeadline after Close: %v", err)
		}
		got, err := io.ReadAll(s)
		if err != nil || !bytes.HasPrefix(got, sent) {
			t.Errorf("the peer has read %d of %d bytes, %v", len(got), len(sent), err)
		}
	})
}

func TestNetConnWritesDoNotMix(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, _, c, s := netPair(t, &airsocket.Options{}, &airsocket.Options{}, wire.Binary)
		const long, count = 300 << 10, 4
		for i := range count {
			go c.Write(bytes.Repeat([]byte{byte(i)}, long))
		}
		got := make([]byte, long)
		for range count {
			if _, err := io.ReadFull(s, got); err != nil {
				t.Fatal(err)
			}
			if i := bytes.IndexFunc(got, func(r rune) bool { return r != rune(got[0]) }); i >= 0 {
				t.Errorf("byte %d belongs to another Write", i)
			}
		}
	})
}

// TestNetConnLastWrite checks that Write has sent its data when it returns, even if
// the peer closes at once.
func TestNetConnLastWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		closing := &airsocket.Hooks{Sent: func(s *airsocket.Socket, _ wire.Kind, _ int) { s.Close(1000, "") }}
		_, _, c, _ := netPair(t, &airsocket.Options{Hooks: closing}, &airsocket.Options{}, wire.Binary)
		if n, err := c.Write([]byte("all")); n != 3 || err != nil {
			t.Errorf("Write: %d, %v", n, err)
		}
		if n, err := c.Write(nil); n != 0 || err != nil {
			t.Errorf("Write of no bytes: %d, %v", n, err)
		}
	})
}

// TestNetConnBoundsUnread checks that a peer that sends without end is held up
// before more than the limit is kept.
func TestNetConnBoundsUnread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cs, _, _, s := netPair(t, &airsocket.Options{}, &airsocket.Options{}, wire.Binary)
		synctest.Wait()
		const message, count = 16 << 10, 100
		var sent []byte
		for i := range count {
			p := bytes.Repeat([]byte{byte(i)}, message)
			sent = append(sent, p...)
			if err := cs.SendBytes(p); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		// This is what the receiver keeps, and what it has read but not decoded.
		const kept = 64<<10 + 2*message + 64<<10
		if waiting := cs.BufferedAmount(); waiting < count*message-kept {
			t.Errorf("%d bytes wait at the sender, so the receiver has taken more than %d", waiting, kept)
		}
		got := make([]byte, len(sent))
		if _, err := io.ReadFull(s, got); err != nil || !bytes.Equal(got, sent) {
			t.Errorf("what was read is not what was sent, %v", err)
		}
		synctest.Wait()
		if waiting := cs.BufferedAmount(); waiting != 0 {
			t.Errorf("%d bytes still wait", waiting)
		}
	})
}

// TestNetConnBoundsUnsent checks that Write waits for a peer that does not read,
// and goes on when it does.
func TestNetConnBoundsUnsent(t *testing.T) {
	for _, most := range []int{0, 100} { // the second is less than a message
		synctest.Test(t, func(t *testing.T) {
			cs, ss, c, s := netPair(t, &airsocket.Options{MaxBuffered: most}, &airsocket.Options{}, wire.Binary)
			synctest.Wait()
			ss.Pause()
			sent := make([]byte, 1<<20)
			rand.NewChaCha8([32]byte{}).Read(sent)
			written := make(chan error, 1)
			go func() {
				_, err := c.Write(sent)
				written <- err
			}()
			synctest.Wait()
			if n := cs.BufferedAmount(); n == 0 || n > 100<<10 {
				t.Errorf("%d bytes wait to be sent", n)
			}
			select {
			case err := <-written:
				t.Errorf("Write did not wait: %v", err)
			default:
			}
			// What is sent meanwhile must not prevent the drain event.
			cs.Ping(nil)
			ss.Resume()
			got := make([]byte, len(sent))
			if _, err := io.ReadFull(s, got); err != nil || !bytes.Equal(got, sent) {
				t.Errorf("what was read is not what was written, %v", err)
			}
			if err := <-written; err != nil {
				t.Error(err)
			}
		})
	}
}

func TestNetConnBeforeOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &airsocket.Options{Dispatcher: new(airsocket.Dispatcher)}
		cs, ss := airsocket.NewSocket(o), airsocket.NewSocket(o)
		c, s := netConn(t, cs, wire.Text), netConn(t, ss, wire.Text)
		c.SetWriteDeadline(time.Now().Add(time.Second))
		if _, err := c.Write([]byte("x")); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("Write on a socket that was never started: %v", err)
		}
		c.SetWriteDeadline(time.Time{})
		go c.Write([]byte("early"))
		synctest.Wait()
		if err := airsocket.Pipe(cs, ss); err != nil {
			t.Fatal(err)
		}
		got := make([]byte, 5)
		if _, err := io.ReadFull(s, got); err != nil || string(got) != "early" {
			t.Errorf("read %q, %v", got, err)
		}
		c.Close()
	})
}

// TestNetConnText checks that text is cut between characters, and that bytes that
// are not UTF-8 are refused.
func TestNetConnText(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, _, c, s := netPair(t, &airsocket.Options{}, &airsocket.Options{}, wire.Text)
		sent := "." + strings.Repeat("\u20ac\U0001F600", 20000)
		go func() {
			if _, err := io.WriteString(c, sent); err != nil {
				t.Error(err)
			}
			c.Close()
		}()
		got, err := io.ReadAll(s)
		if err != nil || string(got) != sent {
			t.Errorf("read %d of %d bytes, %v", len(got), len(sent), err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		_, _, c, _ := netPair(t, &airsocket.Options{}, &airsocket.Options{}, wire.Text)
		if n, err := c.Write([]byte{0xff}); n != 0 || !errors.Is(err, wire.ErrBadText) {
			t.Errorf("Write of a byte that is not UTF-8: %d, %v", n, err)
		}
		if n, err := c.Write(bytes.Repeat([]byte{0x80}, 1<<20)); n != 0 || !errors.Is(err, wire.ErrBadText) {
			t.Errorf("Write of many bytes that are not UTF-8: %d, %v", n, err)
		}
	})
}

func TestNetConnKind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &airsocket.Options{Dispatcher: new(airsocket.Dispatcher)}
		cs, ss := airsocket.NewSocket(o), airsocket.NewSocket(o)
		j, s := wstest.Follow(t, cs), netConn(t, ss, wire.Binary)
		if err := airsocket.Pipe(cs, ss); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		cs.Send("text")
		var closed *airsocket.CloseError
		if _, err := s.Read(make([]byte, 1)); !errors.As(err, &closed) || closed.Code != airsocket.StatusUnsupportedData || closed.Err == nil {
			t.Errorf("Read: %v", err)
		}
		synctest.Wait()
		// A pipe cannot be half closed, so the close event is clean only if the answer is
		// quicker than the end of the pipe.
		if last := j.Lines[len(j.Lines)-1]; !strings.HasPrefix(last, `close 1003 "unexpected kind of message" `) {
			t.Errorf("events: %q", j.Lines)
		}
	})
}

// TestNetConnLetsGo checks that the stream belongs to one connection, and not to
// the next one of the same Socket.
func TestNetConnLetsGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cs, ss, c, _ := netPair(t, &airsocket.Options{}, &airsocket.Options{}, wire.Binary)
		synctest.Wait()
		ss.Close(1000, "")
		synctest.Wait()
		if err := airsocket.Pipe(cs, ss); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		ss.SendBytes([]byte("of another"))
		synctest.Wait()
		if n, err := c.Read(make([]byte, 10)); n != 0 || err != io.EOF {
			t.Errorf("Read: %d, %v", n, err)
		}
		cs.Close(1000, "")
	})
}
