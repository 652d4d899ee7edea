package serving

import (
	"sync"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// TestBlockedHandlers checks that other connections are served while handlers block: an
// open one, and a new one.
func TestBlockedHandlers(t *testing.T) {
	const conns = 8 // more than there may be processors
	wstest.EachWay(t, func(t *testing.T, way string) {
		for _, m := range moments {
			t.Run(m.name, func(t *testing.T) {
				begun, release := make(chan struct{}, conns), make(chan struct{})
				unblock := sync.OnceFunc(func() { close(release) })
				url := m.serve(t, way, func() {
					begun <- struct{}{}
					<-release
				})
				t.Cleanup(unblock) // before the Server shuts down, which waits for handlers
				other := wstest.ConnectRaw(t, url)
				var blocked []*wstest.RawPeer
				for range conns {
					blocked = append(blocked, m.come(t, url))
				}
				for range conns {
					wstest.Receive(t, begun)
				}
				echo(other)
				echo(wstest.ConnectRaw(t, url))
				unblock()
				if m.last {
					return
				}
				for _, p := range blocked {
					if m.attach == nil {
						p.ReadResponse()
					}
					if m.name == "ping" {
						p.Want(wstest.OpPong, "act")
					}
					echo(p)
				}
			})
		}
	})
}

func echo(p *wstest.RawPeer) {
	p.T.Helper()
	p.Send(wstest.OpText, "x")
	p.Want(wstest.OpText, "x")
}

// TestManyBeginToBlock checks that another connection is served after a thousand handlers
// have begun to block at once.
func TestManyBeginToBlock(t *testing.T) {
	const conns = 1000
	wstest.EachWay(t, func(t *testing.T, way string) {
		begun, release := make(chan struct{}, conns), make(chan struct{})
		unblock := sync.OnceFunc(func() { close(release) })
		srv := &airsocket.Server{Options: &airsocket.Options{Parallel: true}}
		srv.OnConnect(func(s *airsocket.Socket) {
			s.OnMessage(func(e *airsocket.MessageEvent) {
				if e.Text() == "block" {
					begun <- struct{}{}
					<-release
				}
				s.SendMessage(e.Kind(), e.Bytes())
			})
		})
		url := wstest.ServeWay(t, srv, way)
		t.Cleanup(unblock)
		other := wstest.ConnectRaw(t, url)
		var blocked []*wstest.RawPeer
		for range conns {
			blocked = append(blocked, wstest.ConnectRaw(t, url))
		}
		for _, p := range blocked {
			p.Send(wstest.OpText, "block")
		}
		echo(other)
		echo(wstest.ConnectRaw(t, url))
		for range conns {
			wstest.Receive(t, begun)
		}
		echo(other)
		echo(wstest.ConnectRaw(t, url))
		unblock()
		for _, p := range blocked {
			p.Want(wstest.OpText, "block")
		}
	})
}
