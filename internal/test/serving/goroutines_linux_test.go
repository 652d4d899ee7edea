//go:build !portable

package serving

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/airsocket/airsocket/internal/test/wstest"
)

// haveWorkers says that in this build workers serve the connections of a Server.
const haveWorkers = true

// TestWaitingTakesNoGoroutine checks that connections that wait have no goroutines,
// whatever they wait for.
func TestWaitingTakesNoGoroutine(t *testing.T) {
	const conns = 500
	for _, way := range []string{wstest.ByListen, wstest.ByNetListen, wstest.ByTLS} {
		for _, st := range states {
			t.Run(way+"/"+st.name, func(t *testing.T) {
				h := newHost(t, way, nil)
				h.arrive().open() // so that everything that is needed once is there
				before := runtime.NumGoroutine()
				var guests []*guest
				for range conns {
					g := h.arrive()
					st.reach(g)
					guests = append(guests, g)
				}
				last := h.arrive() // when it is served, all before it have been accepted
				last.open()
				last.echo("x")
				// There may be workers that have not ended yet.
				more := 0
				eventually(t, func() bool {
					more = runtime.NumGoroutine() - before
					return more <= conns/10
				}, func() string { return fmt.Sprintf("%d connections have %d goroutines", conns, more) })
				for _, g := range guests {
					st.leave(g)
				}
			})
		}
	}
}
