package transport_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/airsocket/airsocket/internal/transport"
)

// A journal is a Reader that takes all there is, in a buffer of its own length, and
// keeps it.
type journal struct {
	t        *testing.T
	c        *transport.Conn
	buf      []byte
	drained  bool         // it stops reading when it is told that nothing more is there
	again    bool         // it returns Again after each TryRead
	enough   int          // bytes after which it ends the reading; 0: all
	readable func() error // called before each TryRead, if not nil; an error ends the reading

	calls int
	got   bytes.Buffer
	err   error // of TryRead
	ended int
	over  chan struct{} // closed by Ended
}

func newJournal(t *testing.T, c *transport.Conn, size int) *journal {
	return &journal{t: t, c: c, buf: make([]byte, size), over: make(chan struct{})}
}

func (j *journal) Readable() transport.Next {
	j.calls++
	for {
		if j.readable != nil && j.readable() != nil {
			return transport.Over
		}
		n, drained, err := j.c.TryRead(j.buf)
		if n > len(j.buf) || n == 0 && err == nil || n > 0 && err != nil {
			j.t.Errorf("TryRead has returned %d, %v, %v", n, drained, err)
			return transport.Over
		}
		j.got.Write(j.buf[:n])
		switch {
		case err == transport.ErrWouldBlock:
			return transport.Wait
		case j.enough > 0 && j.got.Len() >= j.enough:
			return transport.Over
		case err != nil:
			j.err = err
			return transport.Over
		case drained && j.drained:
			return transport.Wait
		case j.again:
			return transport.Again
		}
	}
}

func (j *journal) Space() []byte { return nil }

func (j *journal) Ended() {
	if j.ended++; j.ended == 1 {
		close(j.over)
	}
}

// serve serves c up to its end.
func (j *journal) serve() {
	j.c.Start(j, false)
	<-j.over
}

// wantEnd checks that Ended was called once, after TryRead has returned one of want, or
// no error.
func (j *journal) wantEnd(want ...error) {
	j.t.Helper()
	if j.ended != 1 {
		j.t.Fatalf("Ended was called %d times", j.ended)
	}
	for _, w := range want {
		if errors.Is(j.err, w) {
			return
		}
	}
	j.t.Errorf("TryRead has returned %v, want %v", j.err, want)
}

var errEnough = errors.New("enough")

// Readable is called before Serve waits for anything: there may be something to hold
// it up, or something to do that needs no bytes.
func TestReadableComesFirst(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind, c *transport.Conn, peer net.Conn) {
		j := newJournal(t, c, 10)
		j.readable = func() error {
			if n, drained, err := c.TryRead(j.buf); n != 0 || !drained || err != transport.ErrWouldBlock {
				t.Errorf("TryRead has returned %d, %v, %v", n, drained, err)
			}
			return errEnough
		}
		j.serve() // though the peer writes nothing
		if j.calls != 1 {
			t.Errorf("Readable was called %d times", j.calls)
		}
		j.wantEnd(nil)
	})
}

// While nothing comes, Readable is not called again.
func TestReadableIsCalledForSomething(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		j := newJournal(t, transport.New(ours), 10)
		j.c.Start(j, false)
		for i := range 3 {
			synctest.Wait()
			if j.calls != 1+i {
				t.Errorf("Readable was called %d times, want %d", j.calls, 1+i)
			}
			theirs.Write([]byte("x"))
		}
		theirs.Close()
		<-j.over
		if j.got.String() != "xxx" {
			t.Errorf("%q has come", &j.got)
		}
		j.wantEnd(io.EOF)
	})
}

// All that the peer writes comes in order, whatever the lengths of its writes and of
// the buffers that it is read to, and however often others have their turn, and then its end.
func TestAllComesInOrder(t *testing.T) {
	lengths := []int{1, 2, 511, 512, 513, 1, 4096, 16 << 10, 16<<10 + 1, 64 << 10, 3, 200 << 10}
	for _, size := range []int{1, 7, 512, 64 << 10, 1 << 20} {
		for _, how := range []string{"read", "drained", "again"} {
			t.Run(fmt.Sprintf("buffer=%d/%s", size, how), func(t *testing.T) {
				eachKind(t, func(t *testing.T, k kind, c *transport.Conn, peer net.Conn) {
					var all [][]byte
					for _, n := range lengths {
						if n <= 2000*size {
							all = append(all, noise(n))
						}
					}
					j := newJournal(t, c, size)
					j.drained, j.again = how == "drained", how == "again"
					go func() {
						for _, p := range all {
							if _, err := peer.Write(p); err != nil {
								t.Error(err)
							}
						}
						peer.Close()
					}()
					j.serve()
					if want := bytes.Join(all, nil); !bytes.Equal(j.got.Bytes(), want) {
						t.Errorf("%d bytes have come that are not the %d that were written", j.got.Len(), len(want))
					}
					j.wantEnd(io.EOF)
				})
			})
		}
	}
}

// What has come together with the end of the stream is read first.
func TestLastBytesComeBeforeTheEnd(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind, c *transport.Conn, peer net.Conn) {
		if k.name == "pipe" {
			return // has no place for what is not read
		}
		want := noise(1000)
		if _, err := peer.Write(want); err != nil {
			t.Fatal(err)
		}
		peer.Close()
		j := newJournal(t, c, 100)
		j.serve()
		if !bytes.Equal(j.got.Bytes(), want) {
			t.Errorf("%d bytes have come", j.got.Len())
		}
		j.wantEnd(io.EOF)
	})
}

// A peer that resets the connection is no end of its stream.
func TestReset(t *testing.T) {
	for _, k := range kinds {
		if k.name != "TCP" && k.name != "wrapped" {
			continue
		}
		t.Run(k.name, func(t *testing.T) {
			ours, theirs := k.pair(t)
			c := transport.New(ours)
			j := newJournal(t, c, 100)
			j.readable = func() error {
				if j.calls == 1 {
					theirs.(*net.TCPConn).SetLinger(0)
					theirs.Close()
				}
				return nil
			}
			j.serve()
			if err := j.err; !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("the error is %v", err)
			}
		})
	}
}

// Ended is called when the Reader has enough, though the peer has not ended.
func TestReaderHasEnough(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind, c *transport.Conn, peer net.Conn) {
		j := newJournal(t, c, 2)
		j.enough = 5
		go peer.Write([]byte("1234567890"))
		j.serve()
		if j.got.String() != "123456" {
			t.Errorf("%q has been read", &j.got)
		}
		j.wantEnd(nil)
	})
}

// Ended is called when the Reader ends its goroutine or panics.
func TestReaderThatDoesNotReturn(t *testing.T) {
	for _, first := range []bool{true, false} { // at once, or when something has come
		t.Run(fmt.Sprintf("first=%v", first), func(t *testing.T) {
			for how, leave := range map[string]func(){"Goexit": runtime.Goexit, "panic": func() { panic(errEnough) }} {
				t.Run(how, func(t *testing.T) {
					eachKind(t, func(t *testing.T, k kind, c *transport.Conn, peer net.Conn) {
						if k.name == "TLS" {
							return // what calls the Reader is no test's goroutine
						}
						j := newJournal(t, c, 10)
						j.readable = func() error {
							if first || j.got.Len() > 0 {
								leave()
							}
							return nil
						}
						gone := make(chan struct{})
						go func() {
							defer close(gone)
							defer func() {
								if v := recover(); v != nil && v != errEnough {
									t.Error(v)
								}
							}()
							c.Serve(j)
							t.Error("Serve has returned")
						}()
						if !first {
							if _, err := peer.Write([]byte("x")); err != nil {
								t.Error(err)
							}
						}
						<-gone
						j.wantEnd(nil)
					})
				})
			}
		})
	}
}

// Close and CloseSoon end Serve, from another goroutine while it waits, and CloseSoon
// also from within the Reader, which Close would wait for.
func TestCloseEndsServe(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind, _ *transport.Conn, _ net.Conn) {
		for i, close := range []func(*transport.Conn){
			func(c *transport.Conn) { c.Close() },
			func(c *transport.Conn) { c.CloseSoon() },
		} {
			ours, theirs := k.pair(t)
			defer theirs.Close()
			c := transport.New(ours)
			if c.HasWorkers() && i == 0 {
				continue // only the Reader may call Close
			}
			j := newJournal(t, c, 10)
			served := make(chan struct{}, 1)
			j.readable = func() error {
				select {
				case served <- struct{}{}:
				default:
				}
				return nil
			}
			go func() {
				<-served
				close(c)
			}()
			j.serve()
			j.wantEnd(net.ErrClosed, io.ErrClosedPipe)
		}
		ours, theirs := k.pair(t)
		defer theirs.Close()
		c := transport.New(ours)
		j := newJournal(t, c, 10)
		j.readable = func() error {
			c.CloseSoon()
			return nil
		}
		j.serve()
		j.wantEnd(net.ErrClosed, io.ErrClosedPipe)
	})
}

// TestHold checks that a Reader that has returned Hold is called again after Wake, even
// if Wake was called before, and only then.
func TestHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		c := transport.New(ours)
		r := &holder{next: transport.Hold, over: make(chan struct{})}
		for i, wake := range []bool{false, true, false, true, true} {
			before := r.calls
			if i == 0 {
				c.Start(r, false)
			}
			if wake {
				c.Wake()
			}
			synctest.Wait()
			if called := r.calls > before; called != (wake || i == 0) {
				t.Errorf("%d: called %d times", i, r.calls-before)
			}
		}
		r.next = transport.Over
		c.Wake()
		<-r.over
		theirs.Close()
	})
}

// TestCloseEndsHold checks that Close has a Reader called that has returned Hold, and
// that TryRead then says why.
func TestCloseEndsHold(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind, c *transport.Conn, peer net.Conn) {
		r := &holder{next: transport.Hold, over: make(chan struct{}), held: make(chan struct{}, 100)}
		c.Start(r, false)
		<-r.held
		c.CloseSoon()
		<-r.held
		r.mu.Lock()
		r.next = transport.Over
		r.mu.Unlock()
		c.Wake()
		<-r.over
	})
}

// A holder is a Reader that does nothing but return next.
type holder struct {
	mu    sync.Mutex
	next  transport.Next
	calls int
	held  chan struct{} // receives something for each call, if not nil
	over  chan struct{} // closed by Ended
}

func (r *holder) Readable() transport.Next {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls++
	if r.held != nil {
		r.held <- struct{}{}
	}
	return r.next
}

func (r *holder) Space() []byte { return nil }
func (r *holder) Ended()        { close(r.over) }
