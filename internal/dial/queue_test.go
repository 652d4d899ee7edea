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
		const at = "127.0.0.1:80"
		var q Queue
		first, err := q.enter(t.Context(), at)
		if err != nil {
			t.Fatal(err)
		}
		var got []int
		var cancels []context.CancelFunc
		for i := range 6 {
			ctx, cancel := context.WithCancel(t.Context())
			cancels = append(cancels, cancel)
			go func() {
				w, err := q.enter(ctx, at)
				if err != nil {
					got = append(got, -i)
					return
				}
				got = append(got, i)
				q.quit(w)
			}()
			synctest.Wait()
		}
		cancels[1]()
		synctest.Wait()
		cancels[5]()
		synctest.Wait()
		q.quit(first)
		synctest.Wait()
		if want := []int{-1, -5, 0, 2, 3, 4}; !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
		q.isEmpty(t)
		cancels[0]()
	})
}

// Whoever gives up when its turn comes passes it on.
func TestQueueGivenUpAtTheLastMoment(t *testing.T) {
	const at = "127.0.0.1:80"
	var q Queue
	for range 200 {
		first, err := q.enter(t.Context(), at)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				if w, err := q.enter(ctx, at); err == nil {
					q.quit(w)
				}
			})
		}
		all.Go(cancel)
		q.quit(first)
		all.Wait()
		q.isEmpty(t)
	}
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
