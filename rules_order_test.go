package airsocket_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// RFC 6455, section 4.1: clients that connect to one address get there in the order in which
// Connect was called, not in that of the goroutines that connect, and some may be closed
// meanwhile.
func TestBrowserOpensInOrder(t *testing.T) {
	var got []string
	srv := &airsocket.Server{}
	srv.OnRequest(func(r *airsocket.Request) {
		got = append(got, r.URL().Path)
		r.Accept("")
	})
	url := wstest.Serve(t, srv)
	d := new(airsocket.Dispatcher)
	var want []string
	wstest.Run(t, d, func() {
		for i := range 20 {
			path := fmt.Sprintf("/%d", i)
			s := airsocket.NewSocket(&airsocket.Options{Dispatcher: d, Rules: airsocket.RulesBrowser})
			s.OnOpen(func(*airsocket.OpenEvent) { s.Close(1000, "") })
			if err := s.Connect(url + path[1:]); err != nil {
				t.Error(err)
			}
			if i%5 == 3 {
				s.Close(1000, "")
			} else {
				want = append(want, path)
			}
		}
	})
	if !slices.Equal(got, want) {
		t.Errorf("the server was asked for %q, want %q", got, want)
	}
}
