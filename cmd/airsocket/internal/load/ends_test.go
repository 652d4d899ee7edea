package load_test

import (
	"context"
	"errors"
	"io"
	"math"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/clitest"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/exit"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/load"
)

// errorsOf returns the errors of the report by kind.
func errorsOf(r result) map[string]float64 {
	all := map[string]float64{}
	for _, g := range r.Groups {
		for _, m := range g.Metrics {
			if g.Key == "errors" {
				all[m.Key] = m.Value
			}
		}
	}
	return all
}

// The connections are opened evenly over the time of -ramp.
func TestRamp(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var start time.Time
	var times []time.Duration
	connect := dial(echo(nil))
	timed := func() (net.Conn, error) {
		mu.Lock()
		defer mu.Unlock()
		if start.IsZero() {
			start = time.Now()
		}
		times = append(times, time.Since(start))
		return connect()
	}
	inBubble(t, nil, timed, false, []string{"-n", "10", "-ramp", "20s", "-duration", "5s"}, func(r result) {
		for i, at := range times {
			if want := time.Duration(i) * 2 * time.Second; at != want {
				t.Errorf("connection %d was begun at %v, want %v", i, at, want)
			}
		}
		r.want(t, "connections", map[string]float64{"attempted": 10, "opened": 10})
		if r.Length != 25*time.Second {
			t.Errorf("the test took %v", r.Length)
		}
	})
}

// Rates are those after the ramp.
func TestRateAfterRamp(t *testing.T) {
	t.Parallel()
	args := []string{"-n", "10", "-ramp", "20s", "-duration", "50s", "-every", "1s", "-x", "a", "-check", "rate>=10", "-check", "rate<10.5"}
	inBubble(t, nil, dial(echo(nil)), false, args, func(r result) {
		if r.code != exit.OK {
			t.Errorf("exit code %d: %+v", r.code, r.Outcomes)
		}
	})
}

// Without a ramp there is a limited number of handshakes at a time.
func TestHandshakesAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		begun := 0
		proceed := make(chan struct{})
		connect := dial(echo(nil))
		held := func() (net.Conn, error) {
			mu.Lock()
			begun++
			mu.Unlock()
			<-proceed
			return connect()
		}
		ended := make(chan result)
		go func() {
			rep, code, err := load.Run(t.Context(), held, io.Discard, false, "-n", "300", "-duration", "1s")
			if err != nil {
				t.Error(err)
			}
			ended <- result{Report: rep, code: code}
		}()
		synctest.Wait()
		mu.Lock()
		n := begun
		mu.Unlock()
		if n != load.AtOnce {
			t.Errorf("%d connections were begun at once, want %d", n, load.AtOnce)
		}
		close(proceed)
		r := <-ended
		r.want(t, "connections", map[string]float64{"attempted": 300, "opened": 300})
	})
}

// With a ramp there are more of them, but not without limit.
func TestHandshakesAtOnceWithRamp(t *testing.T) {
	t.Parallel()
	var begun atomic.Int64
	mute := func() (net.Conn, error) {
		begun.Add(1)
		client, _ := net.Pipe()
		return client, nil
	}
	ctx := func(t *testing.T) context.Context {
		c, cancel := context.WithCancel(t.Context())
		time.AfterFunc(10*time.Second, cancel)
		return c
	}
	inBubble(t, ctx, mute, false, []string{"-n", "1000", "-ramp", "1s"}, func(result) {
		if n := begun.Load(); n != load.AtOnceRamp {
			t.Errorf("%d connections were begun at once, want %d", n, load.AtOnceRamp)
		}
	})
}

// The most connections at a time are counted, even if fewer are left at the end.
func TestMostOpen(t *testing.T) {
	t.Parallel()
	var n atomic.Int64
	serve := func(p *peer) {
		// The first four are closed 4.5 s after the first one was opened.
		time.Sleep(max(4500*time.Millisecond-time.Duration(n.Add(1)-1)*time.Second, 0))
		p.write(8, []byte{0x03, 0xe8})
		p.read()
	}
	inBubble(t, nil, dial(serve), false, []string{"-n", "8", "-ramp", "8s", "-duration", "1s"}, func(r result) {
		r.want(t, "connections", map[string]float64{"opened": 8, "failed": 0, "most": 5})
	})
}

// An interrupt ends the test early, with a report.
func TestInterrupt(t *testing.T) {
	t.Parallel()
	ctx := func(t *testing.T) context.Context {
		c, cancel := context.WithCancel(t.Context())
		time.AfterFunc(4600*time.Millisecond, cancel)
		return c
	}
	for name, server := range map[string]struct {
		serve  func(*peer)
		length time.Duration
		closes string
	}{
		"answers": {echo(nil), 4600 * time.Millisecond, "1000"},
		// The answer is not waited for, and the close for some seconds only.
		"silent": {func(p *peer) { io.Copy(io.Discard, p.r) }, 9600 * time.Millisecond, "not answered"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, ctx, dial(server.serve), false, []string{"-n", "4", "-duration", "1h", "-x", "a", "-wait", "1h"}, func(r result) {
				r.want(t, "messages", map[string]float64{"sent": 18})
				r.want(t, "closes", map[string]float64{server.closes: 4})
				if notes := strings.Join(r.Notes, "\n"); !strings.Contains(notes, "interrupted after 4.6s") {
					t.Errorf("notes: %s", notes)
				}
				if r.Length != server.length || r.code != exit.OK {
					t.Errorf("the test took %v, exit code %d", r.Length, r.code)
				}
				if all := errorsOf(r); len(all) != 0 {
					t.Errorf("errors: %v", all)
				}
			})
		})
	}
}

// If the ramp has not ended, there is no rate after it.
func TestInterruptOfRamp(t *testing.T) {
	t.Parallel()
	ctx := func(t *testing.T) context.Context {
		c, cancel := context.WithCancel(t.Context())
		time.AfterFunc(4600*time.Millisecond, cancel)
		return c
	}
	args := []string{"-n", "10", "-ramp", "10s", "-duration", "1s", "-x", "a", "-check", "rate>0"}
	inBubble(t, ctx, dial(echo(nil)), false, args, func(r result) {
		r.want(t, "connections", map[string]float64{"attempted": 5, "opened": 5})
		if rate := r.number(t, "messages", "received_rate"); !math.IsNaN(rate) || r.code != exit.Check {
			t.Errorf("the rate after the ramp is %v, exit code %d", rate, r.code)
		}
	})
}

// An interrupt while the connections are opened ends the test too.
func TestInterruptOfOpening(t *testing.T) {
	t.Parallel()
	mute := func() (net.Conn, error) {
		c, _ := net.Pipe()
		return c, nil
	}
	ctx := func(t *testing.T) context.Context {
		c, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		return c
	}
	inBubble(t, ctx, mute, false, []string{"-n", "200", "-timeout", "-1"}, func(r result) {
		r.want(t, "connections", map[string]float64{"attempted": load.AtOnce, "opened": 0, "failed": load.AtOnce})
		if all := errorsOf(r); all["not open at the end of the test"] != load.AtOnce || r.code != exit.Connect {
			t.Errorf("errors %v, exit code %d", all, r.code)
		}
	})
}

// The test ends when all connections have ended.
func TestAllEnded(t *testing.T) {
	t.Parallel()
	bye := func(p *peer) {
		p.read()
		p.write(8, []byte{0x03, 0xf3}) // 1011
		p.read()
	}
	inBubble(t, nil, dial(bye), false, []string{"-n", "3", "-duration", "1h", "-x", "a"}, func(r result) {
		if all := errorsOf(r); all["closed by the server with code 1011"] != 3 || len(all) != 1 {
			t.Errorf("errors: %v", all)
		}
		r.want(t, "closes", map[string]float64{"1011": 3})
		r.want(t, "messages", map[string]float64{"sent": 3, "unanswered": 3})
		if r.Length > 3*time.Second {
			t.Errorf("the test took %v", r.Length)
		}
	})
}

// A connection that has failed sends nothing more, so nothing more is due on it, even if the
// server keeps it open.
func TestNothingDueAfterError(t *testing.T) {
	t.Parallel()
	breaksRules := func(p *peer) {
		p.read()
		p.Write([]byte{0xf1, 0})
		io.Copy(io.Discard, p.r)
	}
	closes := func(p *peer) {
		p.read()
		p.write(8, []byte{0x03, 0xf3}) // 1011
		p.read()
		io.Copy(io.Discard, p.r)
	}
	for name, server := range map[string]func(*peer){"breaks rules": breaksRules, "closes": closes} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, nil, dial(server), false, []string{"-n", "2", "-duration", "1h", "-every", "100ms", "-x", "a"}, func(r result) {
				r.want(t, "messages", map[string]float64{"sent": 2, "unanswered": 2, "unsent": 0})
			})
		})
	}
}

// What was not sent when a connection ended does not hide why it ended.
func TestReasonWithUnsent(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		serve func(*peer)
		say   []string
	}{
		"close": {func(p *peer) {
			p.write(8, []byte{0x03, 0xf3}) // 1011
			time.Sleep(3 * time.Second)    // meanwhile messages wait to be sent
		}, []string{"closed by the server with code 1011"}},
		// Whether it was reading or writing that noticed it first is open.
		"end": {
			func(p *peer) { time.Sleep(3 * time.Second) }, // meanwhile messages wait to be sent
			[]string{"the connection ended without a closing handshake", "connection reset by peer"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			connect := func() (net.Conn, error) {
				c, err := dial(test.serve)()
				return resetConn{c}, err
			}
			inBubble(t, nil, connect, false, []string{"-n", "2", "-duration", "1h", "-size", "100000", "-every", "100ms"}, func(r result) {
				all, known := errorsOf(r), 0.0
				for _, kind := range test.say {
					known += all[kind]
				}
				if total := r.number(t, "connections", "opened"); known != total || total != 2 {
					t.Errorf("errors: %v, want 2 of %q", all, test.say)
				}
			})
		})
	}
}

// A resetConn is a connection in memory that tells of its end when it writes as a socket does.
type resetConn struct{ net.Conn }

func (c resetConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	if err != nil {
		err = syscall.ECONNRESET
	}
	return n, err
}

func TestErrorsInMemory(t *testing.T) {
	t.Parallel()
	forbidden := func() (net.Conn, error) {
		client, server := net.Pipe()
		go func() {
			server.Read(make([]byte, 4096))
			io.WriteString(server, "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
			server.Close()
		}()
		return client, nil
	}
	mute := func() (net.Conn, error) {
		client, server := net.Pipe()
		go io.Copy(io.Discard, server)
		return client, nil
	}
	n := 0
	var mu sync.Mutex
	various := func() (net.Conn, error) {
		mu.Lock()
		defer mu.Unlock()
		n++
		return nil, errors.New("kind " + strings.Repeat("x", n))
	}
	hiddenText := func() (net.Conn, error) { return nil, errors.New("a\x1b[2Jb" + strings.Repeat("c", 1000)) }
	for name, test := range map[string]struct {
		connect func() (net.Conn, error)
		args    []string
		kind    string
		code    int
	}{
		"403":     {forbidden, nil, "status 403 Forbidden", exit.Refused},
		"timeout": {mute, []string{"-timeout", "2s"}, "the opening handshake took too long", exit.Timeout},
		"lost":    {dial(func(p *peer) { p.read() }), nil, "the connection ended without a closing handshake", exit.OK},
		"rules":   {dial(func(p *peer) { p.Write([]byte{0xf1, 0}); p.read() }), nil, "reserved bit", exit.OK},
		"escaped": {hiddenText, nil, `a\x1b[2Jbccc`, exit.Refused},
	} {
		t.Run(name, func(t *testing.T) {
			args := append([]string{"-n", "7", "-x", "a"}, test.args...)
			inBubble(t, nil, test.connect, false, args, func(r result) {
				all := errorsOf(r)
				for kind, count := range all {
					if !strings.Contains(kind, test.kind) || count != 7 || len(kind) > 200 {
						t.Errorf("errors: %v", all)
					}
				}
				if len(all) != 1 || r.code != test.code {
					t.Errorf("%d kinds of errors, exit code %d, want %d", len(all), r.code, test.code)
				}
			})
		})
	}
	t.Run("many kinds", func(t *testing.T) {
		inBubble(t, nil, various, false, []string{"-n", "100", "-check", "errors<1%"}, func(r result) {
			if all := errorsOf(r); len(all) > 40 || all["other"] < 60 {
				t.Errorf("%d kinds of errors, %v others", len(all), all["other"])
			}
			if r.code != exit.Refused || r.Outcomes[0].OK || *r.Outcomes[0].Actual != 100 {
				t.Errorf("exit code %d, %+v", r.code, r.Outcomes)
			}
		})
	})
}

// Some errors only a network has.
func TestErrorsOfNetwork(t *testing.T) {
	t.Parallel()
	resets := clitest.Listen(t, func(c net.Conn) {
		clitest.AcceptRaw(c)
		io.ReadFull(c, make([]byte, 7))
		c.(*net.TCPConn).SetLinger(0) // so that the end is a reset
	})
	s := clitest.StartServe(t, "-quiet")
	secure := clitest.StartServe(t, "-quiet", "-tls-self-signed")
	old := clitest.StartServe(t, "-quiet", "-versions", "75")
	for name, test := range map[string]struct {
		args []string
		say  string
		code int
	}{
		"refused":     {[]string{"ws://127.0.0.1:1"}, "refused", exit.Connect},
		"reset":       {[]string{resets, "-every", "0"}, "reset", exit.OK},
		"no TLS":      {[]string{strings.Replace(s.URL(), "ws:", "wss:", 1)}, "TLS", exit.TLS},
		"certificate": {[]string{secure.URL()}, "certificate", exit.TLS},
		"version":     {[]string{old.URL()}, "status 426 Upgrade Required", exit.Refused},
		"binary":      {[]string{old.URL(), "-version", "75", "-binary"}, "not sent: ", exit.OK},
		"accepted":    {[]string{secure.URL(), "-k", "-check", "errors<1"}, "", exit.OK},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args := append([]string{"load", "-n", "3", "-duration", "100ms", "-every", "10ms", "-x", "a", "-quiet"}, test.args...)
			r := clitest.Execute(t, nil, args...)
			r.Want(t, test.code, "")
			_, list, _ := strings.Cut(r.Stdout, "\nErrors\n")
			list, _, _ = strings.Cut(list, "\n\n")
			lines := slices.DeleteFunc(strings.Split(list, "\n"), func(l string) bool { return l == "" })
			switch {
			case test.say == "" && len(lines) == 0:
			case len(lines) != 1 || !strings.Contains(lines[0], test.say) || !strings.HasSuffix(lines[0], "  3"):
				t.Errorf("errors are %q, want 3 of %q", lines, test.say)
			}
		})
	}
}
