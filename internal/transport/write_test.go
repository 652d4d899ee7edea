package transport_test

import (
	"bytes"
	"io"
	"net"
	"testing"

	"github.com/airsocket/airsocket/internal/transport"
)

// TryWrite stops where the system takes no more, and tells how much it has taken: the
// peer gets exactly that.
func TestTryWriteCountsWhatIsTaken(t *testing.T) {
	const long = 600 << 10 // of which the head and the body are written apart
	for name, lengths := range map[string][2]int{
		"short head":    {100, 0},
		"head and body": {10, 5000},
		"long body":     {10, long},
		"long head":     {long, 0},
		"both long":     {long, long},
	} {
		t.Run(name, func(t *testing.T) {
			eachKind(t, func(t *testing.T, k kind, c *transport.Conn, peer net.Conn) {
				message := noise(lengths[0] + lengths[1])
				head, body := message[:lengths[0]], message[lengths[0]:]
				if !c.CanTry() {
					if k.raw && hasDescriptors {
						t.Error("CanTry has returned false")
					}
					if k.name == "TLS" {
						return // it may write, see TestTryWriteWithRoom
					}
					if n, err := c.TryWrite(head, body); n != 0 || err != nil {
						t.Errorf("TryWrite has returned %d, %v", n, err)
					}
					return
				}
				var taken bytes.Buffer
				for { // until the system has no room left
					n, err := c.TryWrite(head, body)
					if err != nil || n < 0 || n > len(message) {
						t.Fatalf("TryWrite has returned %d, %v", n, err)
					}
					taken.Write(message[:n])
					if n == 0 {
						break
					}
				}
				if taken.Len() == 0 {
					t.Error("the system has taken nothing")
				}
				c.CloseWrite()
				if got := readAll(t, peer); !bytes.Equal(got, taken.Bytes()) {
					t.Errorf("the peer has got %d bytes that are not the %d that were taken", len(got), taken.Len())
				}
			})
		})
	}
}

// echo is a Reader that answers with TryWriteServing, once.
type echo struct {
	c   *transport.Conn
	n   int
	err error
	end chan error
}

func (e *echo) Readable() transport.Next {
	var b [16]byte
	n, _, err := e.c.TryRead(b[:])
	if err != nil {
		if err == transport.ErrWouldBlock {
			return transport.Wait
		}
		e.err = err
		return transport.Over
	}
	e.n, e.err = e.c.TryWriteServing(b[:n])
	return transport.Over
}

func (e *echo) Space() []byte { return nil }
func (e *echo) Ended()        { e.end <- e.err }

// The Reader can write while it is called.
func TestTryWriteServing(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind, c *transport.Conn, peer net.Conn) {
		e := &echo{c: c, end: make(chan error, 1)}
		c.Start(e, false)
		if _, err := peer.Write([]byte("hello")); err != nil {
			t.Fatal(err)
		}
		if err := <-e.end; err != nil {
			t.Fatal(err)
		}
		if !c.CanTry() && e.n == 0 {
			return
		}
		if !c.CanTry() {
			if k.name != "TLS" {
				t.Errorf("TryWriteServing has returned %d", e.n)
			}
			return
		}
		c.CloseWrite()
		if got := readAll(t, peer); string(got) != "hello" || e.n != len(got) {
			t.Errorf("the peer has got %q, of which %d bytes were counted", got, e.n)
		}
	})
}

// Write waits until the system has taken all.
func TestWrite(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind, c *transport.Conn, peer net.Conn) {
		want := noise(8 << 20) // more than what the system has room for
		type result struct {
			n   int
			err error
		}
		done := make(chan result, 1)
		go func() {
			n, err := c.Write(want)
			done <- result{n, err}
			c.Close()
		}()
		if got := readAll(t, peer); !bytes.Equal(got, want) {
			t.Errorf("the peer has got %d bytes that are not the %d that were written", len(got), len(want))
		}
		if r := <-done; r.n != len(want) || r.err != nil {
			t.Errorf("Write has returned %d, %v", r.n, r.err)
		}
	})
}

// On a connection that is closed nothing can be written.
func TestWriteAfterClose(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind, c *transport.Conn, peer net.Conn) {
		c.Close()
		if n, err := c.Write([]byte("x")); n != 0 || err == nil {
			t.Errorf("Write has returned %d, %v", n, err)
		}
		if n, err := c.TryWrite([]byte("x"), []byte("y")); n != 0 || err == nil && c.CanTry() {
			t.Errorf("TryWrite has returned %d, %v", n, err)
		}
	})
}

// A peer that is gone is an error, and not a peer that takes nothing.
func TestTryWriteToNobody(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind, c *transport.Conn, peer net.Conn) {
		if tcp, ok := peer.(*net.TCPConn); ok {
			tcp.SetLinger(0)
		}
		peer.Close()
		if n, err := c.Read(make([]byte, 1)); n != 0 || err == nil { // waits until that is known
			t.Errorf("Read has returned %d, %v", n, err)
		}
		if k.name == "TLS" {
			return // the end of TLS is not that of TCP
		}
		if n, err := c.TryWrite([]byte("x"), nil); n != 0 || (err != nil) != c.CanTry() {
			t.Errorf("TryWrite has returned %d, %v", n, err)
		}
	})
}

// Read waits for something, and returns what there is, and then the end.
func TestRead(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind, c *transport.Conn, peer net.Conn) {
		reads := make(chan struct{})
		go func() {
			<-reads
			peer.Write([]byte("hello"))
			peer.Close()
		}()
		var got []byte
		b := make([]byte, 3)
		for first := true; ; first = false {
			if first {
				close(reads)
			}
			n, err := c.Read(b)
			got = append(got, b[:n]...)
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if string(got) != "hello" {
			t.Errorf("%q was read", got)
		}
	})
}

// A roomyConn is a Trier that takes some bytes at a time.
type roomyConn struct {
	net.Conn
	room  int
	taken []byte
}

func (c *roomyConn) TryWrite(head, body []byte) (int, error) {
	p := append(bytes.Clone(head), body...)
	n := min(len(p), c.room-len(c.taken))
	c.taken = append(c.taken, p[:n]...)
	return n, nil
}

func (c *roomyConn) Unsent() int { return len(c.taken) }

// A Trier is written without waiting, and says itself what it has not sent.
func TestTrier(t *testing.T) {
	ours, theirs := net.Pipe()
	defer ours.Close()
	defer theirs.Close()
	under := &roomyConn{Conn: ours, room: 8}
	c := transport.New(under)
	if !c.CanTry() {
		t.Error("CanTry has returned false")
	}
	for _, want := range []int{5, 3, 0} {
		if n, err := c.TryWrite([]byte("ab"), []byte("cde")); n != want || err != nil {
			t.Errorf("TryWrite has returned %d, %v, want %d", n, err, want)
		}
	}
	if n, known := c.Unsent(); n != 8 || !known || string(under.taken) != "abcdeabc" {
		t.Errorf("Unsent has returned %d, %t, and %q was taken", n, known, under.taken)
	}
	if c.NetConn() != net.Conn(under) {
		t.Error("NetConn has returned another connection")
	}
}
