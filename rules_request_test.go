package airsocket_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/handshake"
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

// WHATWG Fetch, section 4.6: the request of a socket has no credentials of the URL, and is not
// answered by a cache. A program's own fields stay.
func TestBrowserRequestFields(t *testing.T) {
	for _, c := range []struct {
		own  http.Header
		want string
	}{
		{nil, "Cache-Control: [no-cache] Pragma: [no-cache] Authorization: []"},
		{http.Header{"Pragma": {"mine"}, "Authorization": {"Bearer 1"}}, "Cache-Control: [no-cache] Pragma: [mine] Authorization: [Bearer 1]"},
	} {
		theirs, ours := wstest.TCPPair(t)
		opts := &airsocket.Options{Dial: wstest.DialTo(ours), Header: c.own}
		peer := wstest.NewRawPeer(t, theirs, false)
		j := wstest.Converse(t, opts, likeBrowser(), nil, func(s *airsocket.Socket) error { return s.Connect("ws://user:word@example.com/") }, peer, func(p *wstest.RawPeer) {
			h := p.ReadRequest().Header
			if got := fmt.Sprintf("Cache-Control: %s Pragma: %s Authorization: %s", h.Values("Cache-Control"), h.Values("Pragma"), h.Values("Authorization")); got != c.want {
				t.Errorf("the request has %s, want %s", got, c.want)
			}
			p.Close()
		})
		j.Want(wstest.Refused...)
	}
}

// WHATWG WebSockets, section 2.2: the status alone fails the connection. The server says more,
// and does not say where that ends.
func TestBrowserRefusal(t *testing.T) {
	j := wstest.StartClient(t, likeBrowser(), nil, func(p *wstest.RawPeer) {
		p.ReadRequest()
		p.WriteRaw([]byte("HTTP/1.1 200 OK\r\nUpgrade: websocket\r\n\r\nwelcome"))
		p.SkipToEnd()
	})
	j.Want(wstest.Refused...)
	j.WantError(handshake.ErrStatus)
	if j.Err.Status != 200 || string(j.Err.Body) != "welcome" {
		t.Errorf("the error event has %d %q", j.Err.Status, j.Err.Body)
	}
}
