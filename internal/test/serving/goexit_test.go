package serving

import (
	"runtime"
	"testing"

	"github.com/airsocket/airsocket/internal/test/wstest"
)

// TestGoexit checks that a handler that ends its goroutine, as t.FailNow does, ends its
// connection and holds up no other one.
func TestGoexit(t *testing.T) {
	const conns = 20
	wstest.EachWay(t, func(t *testing.T, way string) {
		for _, m := range moments {
			t.Run(m.name, func(t *testing.T) {
				begun := make(chan struct{}, conns)
				url := m.serve(t, way, func() { // at the end it shuts down, which waits for all connections
					begun <- struct{}{}
					runtime.Goexit()
				})
				other := wstest.ConnectRaw(t, url)
				for range conns {
					p := m.come(t, url)
					wstest.Receive(t, begun)
					switch {
					case m.writes:
						echo(p)
					case m.name != "error of a reset":
						p.SkipToEnd()
					}
				}
				echo(other)
				echo(wstest.ConnectRaw(t, url))
			})
		}
	})
}
