package airsocket_test

import (
	"testing"

	"github.com/airsocket/airsocket/wire"
)

// Versions that only one of the roles is named for here are not spoken by the
// package in the other.
func TestInteropNode(t *testing.T) {
	ws, ws1, websocket := node("ws.js", "ws"), node("ws-1.js", "ws-1"), node("websocket.js", "websocket")
	faye, faye01 := node("faye.js", "faye-websocket"), node("faye-0.1.js", "faye-websocket-0.1")
	version8 := map[string]any{"version": 8}

	for name, p := range map[string]peer{
		"ws-8/server/hybi-13": {start: ws.start, role: "server", version: wire.Hybi13, picks: "b", fragments: true, refuses: true},
		"ws-8/client/hybi-13": {start: ws.start, role: "client", version: wire.Hybi13, picks: "b", fragments: true},

		"ws-1/server/hixie-76": {start: ws1.start, role: "server", version: wire.Hixie76, unmarked: true, refuses: true},
		"ws-1/server/hybi-08":  {start: ws1.start, role: "server", version: wire.Hybi08, picks: "a", fragments: true, refuses: true},
		"ws-1/server/hybi-13":  {start: ws1.start, role: "server", version: wire.Hybi13, picks: "a", fragments: true, refuses: true},
		"ws-1/client/hybi-08":  {start: ws1.start, role: "client", version: wire.Hybi08, options: version8, picks: "b", fragments: true},
		"ws-1/client/hybi-13":  {start: ws1.start, role: "client", version: wire.Hybi13, options: map[string]any{"version": 13}, picks: "b", fragments: true},

		"websocket/server/hybi-08": {start: websocket.start, role: "server", version: wire.Hybi08, picks: "b", fragments: true, refuses: true},
		"websocket/server/hybi-13": {start: websocket.start, role: "server", version: wire.Hybi13, picks: "b", fragments: true, refuses: true},
		"websocket/client/hybi-08": {start: websocket.start, role: "client", version: wire.Hybi08, options: version8, picks: "b", fragments: true},
		"websocket/client/hybi-13": {start: websocket.start, role: "client", version: wire.Hybi13, picks: "b", fragments: true},

		"faye/server/hixie-75": {start: faye.start, role: "server", version: wire.Hixie75, unmarked: true, refuses: true},
		"faye/server/hixie-76": {start: faye.start, role: "server", version: wire.Hixie76, unmarked: true, refuses: true},
		"faye/server/hybi-13":  {start: faye.start, role: "server", version: wire.Hybi13, picks: "b", quietPing: true, refuses: true},
		"faye/client/hybi-13":  {start: faye.start, role: "client", version: wire.Hybi13, picks: "b", quietPing: true, quietBody: true},

		// Of 2011; it shows no pongs, takes FF 00 for the beginning of a text, and
		// sends none.
		"faye-0.1/server/hixie-75": {start: faye01.start, role: "server", version: wire.Hixie75, unmarked: true},
		"faye-0.1/server/hixie-76": {start: faye01.start, role: "server", version: wire.Hixie76, unmarked: true, deaf: true, hangsUp: true},
		"faye-0.1/server/hybi-08":  {start: faye01.start, role: "server", version: wire.Hybi08, noPing: true, quietPing: true},
		"faye-0.1/server/hybi-13":  {start: faye01.start, role: "server", version: wire.Hybi13, noPing: true, quietPing: true},
	} {
		t.Run(name, p.test)
	}
}
