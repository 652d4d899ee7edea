package topics_test

import (
	"strings"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/clitest"
)

// A member is a client of a test.
type member struct {
	*airsocket.Socket
	got    []string
	closed *airsocket.CloseEvent
}

// talk connects a member for each path, and calls ready when all are members, and onMessage
// for each message. It returns when all connections have ended.
func talk(t *testing.T, base string, paths []string, ready func([]*member), onMessage func([]*member)) []*member {
	t.Helper()
	all := make([]*member, len(paths))
	d := new(airsocket.Dispatcher)
	d.Run(func() {
		open := 0
		for i, path := range paths {
			m := &member{Socket: airsocket.NewSocket(&airsocket.Options{Dispatcher: d})}
			all[i] = m
			m.OnOpen(func(*airsocket.OpenEvent) {
				m.PingFunc(nil, func() { // the answer comes after the server's open event
					if open++; open == len(paths) {
						ready(all)
					}
				})
			})
			m.OnMessage(func(e *airsocket.MessageEvent) {
				m.got = append(m.got, e.Text())
				onMessage(all)
			})
			m.OnClose(func(e *airsocket.CloseEvent) { m.closed = new(*e) })
			if err := m.Connect(strings.TrimSuffix(base, "/") + path); err != nil {
				t.Error(err)
			}
		}
	})
	return all
}

func closeAll(all []*member) {
	for _, m := range all {
		m.Close(airsocket.StatusNormalClosure, "")
	}
}

func TestMessagesGoToOthers(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, flag string
		paths      []string
		want       string // what each of the others gets of the first
	}{
		{"broadcast", "--broadcast", []string{"/", "/b", "/?c"}, "|a b c |a b c "},
		{"the same path", "--topics", []string{"/room", "/room", "/other", "/room?x", "/", "/%72oom"}, "|a b c ||a b c ||a b c "},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := clitest.StartServe(t, test.flag)
			total := strings.Count(test.want, "a b c ") * 3
			all := talk(t, s.URL(), test.paths, func(all []*member) {
				all[0].Send("a")
				all[0].SendBytes([]byte("b"))
				all[0].Send("c")
			}, func(all []*member) {
				n := 0
				for _, m := range all {
					n += len(m.got)
				}
				if n == total {
					closeAll(all)
				}
			})
			var got []string
			for _, m := range all {
				line := strings.Join(m.got, " ")
				if line != "" {
					line += " "
				}
				got = append(got, line)
			}
			if joined := strings.Join(got, "|"); joined != test.want {
				t.Errorf("they got %q, want %q", joined, test.want)
			}
		})
	}
}

// TestSlowMemberIsClosed checks that nothing is kept without end for a client that does not
// read, and that others are not held up.
func TestSlowMemberIsClosed(t *testing.T) {
	t.Parallel()
	s := clitest.StartServe(t, "--broadcast", "--quiet", "--max-message", "2000000")
	message := strings.Repeat("x", 1<<20)
	sent := 0
	all := talk(t, s.URL(), []string{"/", "/", "/"}, func(all []*member) {
		all[2].Pause()
		all[0].Send(message)
	}, func(all []*member) {
		// The second gets each message before the first sends the next one.
		if sent++; sent < 64 {
			all[1].got = nil
			all[0].Send(message)
		} else if sent == 64 {
			all[2].Resume()
			closeAll(all[:2])
		}
	})
	if sent < 64 || all[2].closed == nil || all[2].closed.Code == airsocket.StatusNormalClosure || all[1].closed.Code != airsocket.StatusNormalClosure {
		t.Errorf("%d messages, the slow one ends with %+v, the other with %+v", sent, all[2].closed, all[1].closed)
	}
}
