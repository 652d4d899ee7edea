package airsocket_test

import (
	"bufio"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// An asserting is a ResponseWriter like that of much middleware, whose Hijack method
// panics if the one below has none.
type asserting struct{ http.ResponseWriter }

func (w asserting) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return w.ResponseWriter.(http.Hijacker).Hijack()
}

// TestUpgradePanics checks that nothing is left of a Socket when a ResponseWriter panics,
// which net/http catches.
func TestUpgradePanics(t *testing.T) {
	d := new(airsocket.Dispatcher)
	s := airsocket.NewSocket(&airsocket.Options{Dispatcher: d})
	r := httptest.NewRequest("GET", "/", nil)
	for name, value := range map[string]string{"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="} {
		r.Header.Set(name, value)
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic is lost")
			}
		}()
		s.Upgrade(asserting{httptest.NewRecorder()}, r)
	}()
	if st := s.ReadyState(); st != airsocket.StateClosed {
		t.Fatalf("the state is %d", st)
	}
	wstest.Run(t, d, func() {}) // returns, because nothing is left
}

// TestServeHTTPOverHTTP2 checks that a request over HTTP/2 is refused without the fields of
// a connection, with which a response is malformed (RFC 9113, section 8.2.2).
func TestServeHTTPOverHTTP2(t *testing.T) {
	web := httptest.NewUnstartedServer(&airsocket.Server{})
	web.EnableHTTP2 = true
	web.StartTLS()
	defer web.Close()
	res, err := web.Client().Get(web.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.ProtoMajor != 2 || res.StatusCode != http.StatusUpgradeRequired || res.Header.Get("Upgrade") != "" || res.Header.Get("Connection") != "" {
		t.Errorf("%s %s %v", res.Proto, res.Status, res.Header)
	}
}
