package scenario_test

import (
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// ws_connecting lasts until a connection is open, and ws_session_duration, as in k6, from the
// same moment until its end.
func TestSessionDuration(t *testing.T) {
	for name, script := range map[string]string{
		"k6/websockets": `
			import { WebSocket } from "k6/websockets";
			export default function () {
				const ws = new WebSocket("ws://example.com/");
				ws.onopen = () => setTimeout(() => ws.close(), 3000);
			}`,
		"k6/ws": `
			import ws from "k6/ws";
			export default function () {
				ws.connect("ws://example.com/", (socket) => socket.setTimeout(() => socket.close(1000), 3000));
			}`,
	} {
		t.Run(name, func(t *testing.T) {
			c, r := compile(t, script)
			synctest.Test(t, func(t *testing.T) {
				client, server := net.Pipe()
				c.Socket = &airsocket.Options{Dial: wstest.DialTo(client)}
				go func() {
					defer server.Close()
					p := wstest.NewRawPeer(t, server, false)
					req := p.ReadRequest()
					time.Sleep(2 * time.Second) // what ws_connecting has to tell
					p.WriteRaw([]byte("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " + wstest.AcceptKey(req.Header.Get("Sec-WebSocket-Key")) + "\r\n\r\n"))
					p.ReadFrame()
					p.Send(0x88, "")
				}()
				r.start(t.Context(), c)
			})
			r.want(t, "trend ws_connecting", "max", 2)
			r.want(t, "trend ws_session_duration", "max", 5)
			r.want(t, "trend iteration_duration", "max", 5)
		})
	}
}
