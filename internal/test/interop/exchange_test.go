package interop

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/handshake"
	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/wire"
)

// A peer is a program in one role and one version of the protocol, with what
// can be expected of it.
type peer struct {
	implementation
	role    string // of the peer: "server" or "client"
	version wire.Version
	options map[string]any // of the program

	picks     string // the subprotocol that a server selects from a and b
	unmarked  bool   // its close frames have no code, because of the version or of the peer
	deaf      bool   // does not answer or show our close
	hangsUp   bool   // closes the connection without the closing handshake of the version
	noHeader  bool   // cannot add a header field
	noPing    bool   // cannot send pings
	quietPing bool   // does not report pings that it answers
	fragments bool   // can send fragmented messages
	refuses   bool   // a server that refuses /refuse, for the X-Reason "because" and with the body "not you"
	terse     bool   // its refusal has neither
	quietBody bool   // a client that does not show the body of a refusal
	noRefusal bool   // a client that does not show that it was refused
}

// A setup has the settings of one connection between a peer and us.
type setup struct {
	ours   airsocket.Options
	asks   []string // subprotocols that the client asks for
	path   string
	origin string         // of a client
	header string         // value of X-Question that a client sends
	theirs map[string]any // for the peer
	serve  func(*airsocket.Server)
}

// connect connects the peer to our side.
func (p peer) connect(t testing.TB, c *setup) (us, them *side) {
	t.Helper()
	p.look(t)
	wstest.OwnDispatcher(&c.ours).Parallel = true
	options := make(map[string]any)
	for _, m := range []map[string]any{p.options, c.theirs} {
		for name, v := range m {
			options[name] = v
		}
	}
	if p.role == "server" {
		return p.dial(t, c, options)
	}
	return p.accept(t, c, options)
}

func (p peer) dial(t testing.TB, c *setup, options map[string]any) (us, them *side) {
	t.Helper()
	them = p.start(t, "server", options)
	scheme := "ws"
	if c.ours.TLS != nil {
		scheme = "wss"
	}
	c.ours.Version = p.version
	c.ours.Origin = c.origin
	if c.header != "" {
		c.ours.Header = http.Header{"X-Question": {c.header}}
	}
	s := airsocket.NewSocket(&c.ours)
	us = newSide(t, "our side")
	us.use(s)
	if err := s.Connect(fmt.Sprintf("%s://127.0.0.1:%d/%s", scheme, them.want("listening").Port, c.path), c.asks...); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close(1000, "") })
	return us, them
}

func (p peer) accept(t testing.TB, c *setup, options map[string]any) (us, them *side) {
	t.Helper()
	c.ours.Protocols = []string{"b"}
	srv := &airsocket.Server{Options: &c.ours, Handler: http.HandlerFunc(blankPage)}
	us = newSide(t, "our side")
	srv.OnConnect(us.use)
	if c.serve != nil {
		c.serve(srv)
	}
	url := wstest.Serve(t, srv) + c.path
	if srv.TLSConfig != nil {
		url = strings.Replace(url, "ws", "wss", 1)
	}
	options["url"] = url
	options["protocols"] = append([]string{}, c.asks...)
	if c.header != "" {
		options["headers"] = map[string]string{"X-Question": c.header}
	}
	if c.origin != "" {
		options["origin"] = c.origin
	}
	return us, p.start(t, "client", options)
}

// test tries everything that the peer can do.
func (p peer) test(t *testing.T) {
	p.look(t)
	t.Run("exchange", p.testExchange)
	t.Run("fragments", p.testFragments)
	switch {
	case p.role == "server" && p.refuses:
		t.Run("refusal", p.testRefused)
	case p.role == "client" && !p.noRefusal:
		t.Run("refusal", p.testRefusing)
	}
}

// testExchange opens a connection, exchanges messages, and lets the peer close
// the connection.
func (p peer) testExchange(t *testing.T) {
	c := &setup{header: "why?", origin: "http://example.com", path: "some/where?q=1"}
	if p.picks != "" {
		c.asks = []string{"a", "b"}
	}
	c.ours.Origins = []string{"*"}
	us, them := p.connect(t, c)
	p.checkOpen(t, us, them)
	p.exchangeMessages(t, us, them)
	p.exchangePings(t, us, them)

	them.do(sendClose(4001, "enough"))
	if p.hangsUp {
		if r := us.want("error"); !errors.Is(r.err, wire.ErrUnexpectedEnd) {
			t.Errorf("our side reports %v, want %v", r, wire.ErrUnexpectedEnd)
		}
		return
	}
	ourClose := us.want("close")
	if !ourClose.clean || !p.unmarked && (ourClose.Code != 4001 || ourClose.Reason != "enough") {
		t.Errorf("our side reports %v, clean: %v, want 4001, clean", ourClose, ourClose.clean)
	}
	them.want("close")
}

// checkOpen checks what both sides report about the opening handshake.
func (p peer) checkOpen(t *testing.T, us, them *side) {
	open, theirs := us.want("open"), them.want("open")
	if open.version != p.version {
		t.Errorf("the version is %v, want %v", open.version, p.version)
	}
	if open.Protocol != p.picks || theirs.Protocol != p.picks {
		t.Errorf("the subprotocols are %q and %q, want %q", open.Protocol, theirs.Protocol, p.picks)
	}
	header := theirs.Header
	if p.role == "client" {
		header = open.Header
	}
	if q := header["x-question"]; q != "why?" && !p.noHeader {
		t.Errorf("the server sees X-Question %v", q)
	}
}

// messageSizes are the sizes at which the form of the length changes, and a
// large one.
var messageSizes = []int{0, 1, 125, 126, 65535, 65536, 1 << 20}

func bytesOf(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(i ^ i>>8)
	}
	return p
}

func (p peer) exchangeMessages(t *testing.T, us, them *side) {
	for _, way := range []struct{ from, to *side }{{us, them}, {them, us}} {
		for _, n := range messageSizes {
			text := wstest.TextOf(n)
			way.from.do(sendText(text))
			way.to.wantData("text", text)
		}
		if !p.version.Can(wire.Binary) {
			continue
		}
		for _, n := range messageSizes {
			c := sendBinary(bytesOf(n))
			way.from.do(c)
			way.to.wantData("binary", c.Data.(string))
		}
	}
	if !p.version.Can(wire.Binary) {
		if err := us.socket.SendBytes([]byte{1}); !errors.Is(err, wire.ErrUnsupported) {
			t.Errorf("SendBytes: %v, want %v", err, wire.ErrUnsupported)
		}
	}
}

// testFragments makes each side send a message in several frames. Then our side
// closes the connection.
func (p peer) testFragments(t *testing.T) {
	c := &setup{}
	c.ours.FragmentSize = 1000 // has no effect in versions without fragments
	us, them := p.connect(t, c)
	us.want("open")
	them.want("open")
	text := wstest.TextOf(10_000)
	us.do(sendText(text))
	them.wantData("text", text)
	if p.fragments {
		parts := []string{"Gr\u00fc\u00df", "e an", " all\u20ac"}
		them.do(sendFragments(parts...))
		us.wantData("text", strings.Join(parts, ""))
	}
	if p.deaf {
		return
	}
	us.do(sendClose(3001, "enough"))
	if r := us.want("close"); !r.clean { // peers answer with different codes
		t.Errorf("our side reports %v, which is not clean", r)
	}
	if r := them.want("close"); !p.unmarked && (r.Code != 3001 || r.Reason != "enough") {
		t.Errorf("%s reports %v, want 3001", them.name, r)
	}
}

func (p peer) exchangePings(t *testing.T, us, them *side) {
	if !p.version.Can(wire.Ping) {
		if err := us.socket.Ping(nil); !errors.Is(err, wire.ErrUnsupported) {
			t.Errorf("Ping: %v, want %v", err, wire.ErrUnsupported)
		}
		return
	}
	us.do(sendPing("anybody there?"))
	us.wantData("pong", "anybody there?")
	if !p.quietPing {
		them.wantData("ping", "anybody there?")
	}
	if !p.noPing {
		them.do(sendPing("you?"))
		us.wantData("ping", "you?")
		them.wantData("pong", "you?")
	}
}

// testRefused connects to a server that refuses our client.
func (p peer) testRefused(t *testing.T) {
	us, _ := p.connect(t, &setup{path: "refuse"})
	r := us.want("error")
	var refused *handshake.Error
	if r.Status != 403 || !errors.As(r.err, &refused) {
		t.Errorf("our side reports %v, want a refusal with 403", r)
	}
	if !p.terse && (r.Body != "not you" || r.Header["x-reason"] != "because") {
		t.Errorf("our side reports %v with X-Reason %v", r, r.Header["x-reason"])
	}
	if c := us.want("close"); c.Code != 1006 || c.clean {
		t.Errorf("our side reports %v, want 1006", c)
	}
}

// testRefusing refuses a client because of its origin, or because of its
// request.
func (p peer) testRefusing(t *testing.T) {
	_, them := p.connect(t, &setup{origin: "http://elsewhere.example"})
	if r := them.want("refused"); r.Status != 403 {
		t.Errorf("%s reports %v, want 403", them.name, r)
	}
	_, them = p.connect(t, &setup{serve: func(srv *airsocket.Server) {
		srv.OnRequest(func(r *airsocket.Request) { r.Reject(http.StatusUnauthorized, "who are you?") })
	}})
	r := them.want("refused")
	if r.Status != 401 || !p.quietBody && !strings.Contains(r.Body, "who are you?") {
		t.Errorf("%s reports %v, want 401 and the reason", them.name, r)
	}
}
