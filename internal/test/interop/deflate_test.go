package interop

import (
	"errors"
	"strings"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/extensions"
	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/wire"
)

// TestInteropDeflate compresses in both directions, with the parameters that
// either side may ask for.
func TestInteropDeflate(t *testing.T) {
	ws, ws1, faye := node("ws.js", "ws"), node("ws-1.js", "ws-1"), node("faye.js", "faye-websocket")
	for name, p := range map[string]peer{
		"ws-8/server":   {implementation: ws, role: "server", version: wire.Hybi13, fragments: true},
		"ws-8/client":   {implementation: ws, role: "client", version: wire.Hybi13, fragments: true},
		"ws-1/server":   {implementation: ws1, role: "server", version: wire.Hybi13},
		"ws-1/client":   {implementation: ws1, role: "client", version: wire.Hybi13, options: map[string]any{"version": 13}},
		"faye/server":   {implementation: faye, role: "server", version: wire.Hybi13},
		"faye/client":   {implementation: faye, role: "client", version: wire.Hybi13},
		"python/server": {implementation: python, role: "server", version: wire.Hybi13, fragments: true},
		"python/client": {implementation: python, role: "client", version: wire.Hybi13, fragments: true},
	} {
		t.Run(name, func(t *testing.T) {
			p.look(t)
			theirs := map[string]any{"threshold": 0}
			t.Run("default", func(t *testing.T) {
				p.testDeflate(t, extensions.PermessageDeflate{}, theirs)
			})
			t.Run("best", func(t *testing.T) {
				p.testDeflate(t, extensions.PermessageDeflate{Level: 9, Threshold: -1}, theirs)
			})
			t.Run("no takeover", func(t *testing.T) {
				p.testDeflate(t, extensions.PermessageDeflate{ServerNoContextTakeover: true, ClientNoContextTakeover: true}, theirs,
					"server_no_context_takeover", "client_no_context_takeover")
			})
			t.Run("window bits", func(t *testing.T) {
				p.testDeflate(t, extensions.PermessageDeflate{ServerMaxWindowBits: 10, ClientMaxWindowBits: 10}, theirs,
					"server_max_window_bits=10", "client_max_window_bits=10")
			})
		})
	}

	for _, role := range []string{"server", "client"} {
		p := peer{implementation: ws, role: role, version: wire.Hybi13, fragments: true}
		t.Run("ws-8/"+role+"/asks for no takeover", func(t *testing.T) {
			theirs := map[string]any{"threshold": 0, "serverNoContextTakeover": true, "clientNoContextTakeover": true}
			p.testDeflate(t, extensions.PermessageDeflate{}, theirs, "server_no_context_takeover", "client_no_context_takeover")
		})
		t.Run("ws-8/"+role+"/asks for window bits", func(t *testing.T) {
			theirs := map[string]any{"threshold": 0, "serverMaxWindowBits": 9, "clientMaxWindowBits": 9}
			p.testDeflate(t, extensions.PermessageDeflate{}, theirs, "server_max_window_bits=9", "client_max_window_bits=9")
		})
	}
}

// testDeflate checks that the parameters are agreed on, and exchanges messages.
func (p peer) testDeflate(t *testing.T, ours extensions.PermessageDeflate, theirs any, agreed ...string) {
	c := &setup{theirs: map[string]any{"perMessageDeflate": theirs}}
	c.ours = airsocket.Options{FragmentSize: 1 << 19, Extensions: []extensions.Extension{ours}}
	us, them := p.connect(t, c)
	open, _ := us.want("open"), them.want("open")
	for _, param := range append(agreed, "permessage-deflate") {
		if !strings.Contains(open.Extensions, param) {
			t.Errorf("the extensions are %q, without %s", open.Extensions, param)
		}
	}
	p.exchangeMessages(t, us, them)
	for range 3 { // with takeover, the second and third refer to the first
		for _, way := range []struct{ from, to *side }{{us, them}, {them, us}} {
			text := wstest.TextOf(5000)
			way.from.do(sendText(text))
			way.to.wantData("text", text)
		}
	}
	p.receiveParts(t, us, them)
	if p.fragments {
		parts := []string{wstest.TextOf(3000), wstest.TextOf(2000), "the end"}
		them.do(sendFragments(parts...))
		us.wantData("text", strings.Join(parts, ""))
	}
}

// receiveParts sends messages in parts, compressed and not, and whole ones after each.
func (p peer) receiveParts(t *testing.T, us, them *side) {
	for _, send := range []func(wire.Kind, []byte, bool) error{us.socket.SendPart, us.socket.SendUncompressed, us.socket.SendPart} {
		for _, n := range []int{0, 1, 125, 64 << 10, 1 << 20} {
			text := wstest.TextOf(n)
			err := send(wire.Text, []byte(text[:n/3]), false)
			if err = errors.Join(err, send(wire.Text, nil, false), send(wire.Text, []byte(text[n/3:]), true)); err != nil {
				t.Fatal(err)
			}
			them.wantData("text", text)
			us.do(sendText(wstest.TextOf(5000)))
			them.wantData("text", wstest.TextOf(5000))
			if err := send(wire.Text, []byte(text), true); err != nil {
				t.Fatal(err)
			}
			them.wantData("text", text)
		}
	}
}
