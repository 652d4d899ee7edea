//go:build !js

package dial

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// isEmpty checks that nobody is in q.
func (q *Queue) isEmpty(t *testing.T) {
	t.Helper()
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.lines) > 0 {
		t.Errorf("%v is still in the queue", q.lines)
	}
}

// Those that wait have their turn in the order in which they came, also when some of them
// give up.
func TestQueueOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var q Queue
		at := target{1, "127.0.0.1:80"}
		if err := q.enter(t.Context(), at); err != nil {
			t.Fatal(err)
		}
		var got []int
		var cancels []context.CancelFunc
		for i := range 6 {
			ctx, cancel := context.WithCancel(t.Context())
			cancels = append(cancels, cancel)
			go func() {
				if err := q.enter(ctx, at); err != nil {
					got = append(got, -i)
					return
				}
				got = append(got, i)
				q.leave(at)
			}()
			synctest.Wait()
		}
		cancels[1]()
		synctest.Wait()
		cancels[5]()
		synctest.Wait()
		q.leave(at)
		synctest.Wait()
		if want := []int{-1, -5, 0, 2, 3, 4}; !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
		q.isEmpty(t)
	})
}

// Whoever gives up when its turn comes passes it on.
func TestQueueGivenUpAtTheLastMoment(t *testing.T) {
	var q Queue
	at := target{0, "127.0.0.1:80"}
	for range 200 {
		if err := q.enter(t.Context(), at); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				if q.enter(ctx, at) == nil {
					q.leave(at)
				}
			})
		}
		all.Go(cancel)
		q.leave(at)
		all.Wait()
		q.isEmpty(t)
	}
}

// Both families of a name are tried at the same time: the one that waits does not hold up the
// other, and gives up when the other has won.
func TestPlaceOfTwoFamilies(t *testing.T) {
	const v4, v6 = "127.0.0.1:80", "[::1]:80"
	synctest.Test(t, func(t *testing.T) {
		var q Queue
		other := q.place()
		if err := other.take(t.Context(), "tcp6", v6); err != nil {
			t.Fatal(err)
		}
		for name, end := range map[string]func(cancel context.CancelFunc){
			"cancelled": func(cancel context.CancelFunc) { cancel() },
			"too late":  func(context.CancelFunc) { other.leave("") },
		} {
			p := q.place()
			ctx, cancel := context.WithCancel(t.Context())
			var loser error
			go func() { loser = p.take(ctx, "tcp6", v6) }()
			synctest.Wait()
			if err := p.take(ctx, "tcp4", v4); err != nil {
				t.Fatal(err)
			}
			p.leave(v4) // which is connected
			end(cancel)
			synctest.Wait()
			if loser == nil {
				t.Errorf("%s: the other address was taken too", name)
			}
			cancel()
			p.leave("")
			if name == "too late" {
				q.isEmpty(t)
				other = q.place()
				other.take(t.Context(), "tcp6", v6)
			}
		}
		other.leave("")
		q.isEmpty(t)
	})
}

// An address that has failed is given up when the next one of the same family is tried.
func TestPlaceOfTheNextAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var q Queue
		p, other := q.place(), q.place()
		for _, address := range []string{"127.0.0.1:80", "127.0.0.2:80"} {
			if err := p.take(t.Context(), "tcp4", address); err != nil {
				t.Fatal(err)
			}
		}
		if err := other.take(t.Context(), "tcp4", "127.0.0.1:80"); err != nil {
			t.Error(err)
		}
		p.leave("")
		other.leave("")
		q.isEmpty(t)
	})
}

// However an attempt ends, nothing is left in the queue.
func TestQueueIsLeft(t *testing.T) {
	unreached := func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("unreached") }
	for name, c := range map[string]Config{
		"dialing fails":  {Dial: unreached},
		"no connection":  {Dial: func(context.Context, string, string) (net.Conn, error) { return nil, nil }},
		"proxy fails":    {Dial: unreached, Proxy: func(*http.Request) (*url.URL, error) { return url.Parse("http://proxy.example") }},
		"refused":        {Dial: (&peers{t: t, answers: []func(net.Conn){answering("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")}}).dial},
		"end":            {Dial: (&peers{t: t, answers: []func(net.Conn){func(net.Conn) {}}}).dial},
		"open":           {Dial: (&peers{t: t, answers: []func(net.Conn){accepting("", "")}}).dial},
		"loopback fails": {},
	} {
		var q Queue
		c.Queue = &q
		a, err := New(c, "ws://127.0.0.1:1/", nil)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		conn, res, err := openWith(a, ctx)
		if (err == nil) != (name == "open") {
			t.Errorf("%s: %v, %v", name, res, err)
		}
		q.isEmpty(t)
		if conn != nil {
			conn.Close()
		}
		cancel()
	}
	t.Run("Goexit", func(t *testing.T) {
		var q Queue
		a, err := New(Config{Queue: &q, Dial: func(context.Context, string, string) (net.Conn, error) { runtime.Goexit(); return nil, nil }}, "ws://127.0.0.1:1/", nil)
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			defer a.Release()
			a.Request(t.Context())
		}()
		<-done
		q.isEmpty(t)
	})
}
