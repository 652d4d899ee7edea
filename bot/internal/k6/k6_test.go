package k6_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/bot"
	"github.com/airsocket/airsocket/bot/internal/k6"
	"github.com/airsocket/airsocket/bot/internal/scenario"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// run runs a script with an iteration, and returns what it has printed.
func run(t *testing.T, folder, source string, env map[string]string) ([]string, *scenario.Result) {
	t.Helper()
	path := filepath.Join(folder, "script.js")
	if err := os.WriteFile(path, []byte(source), 0o666); err != nil {
		t.Fatal(err)
	}
	p, err := bot.CompileFile(path, k6.Imports)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var lines []string
	ctx, cancel := context.WithTimeout(t.Context(), wstest.Patience)
	defer cancel()
	r, err := scenario.Run(ctx, scenario.Config{Program: p, Path: path, Env: env, Console: func(_ int, _, text string) {
		mu.Lock()
		defer mu.Unlock()
		lines = append(lines, text)
	}})
	if err != nil {
		t.Fatal(err)
	}
	return lines, r
}

// wantLines runs a script that prints something.
func wantLines(t *testing.T, source string, env map[string]string, want ...string) *scenario.Result {
	t.Helper()
	lines, r := run(t, t.TempDir(), source, env)
	if !slices.Equal(lines, want) {
		t.Errorf("the script has printed\n%s\nwant\n%s", strings.Join(lines, "\n"), strings.Join(want, "\n"))
	}
	return r
}

// metric returns a metric of a report.
func metric(r *scenario.Result, group, name string) float64 {
	for _, g := range r.Report.Groups {
		for _, m := range g.Metrics {
			if g.Key == group && m.Key == name {
				return m.Value
			}
		}
	}
	return -1
}

// wantMetrics checks counters.
func wantMetrics(t *testing.T, r *scenario.Result, want map[string]float64) {
	t.Helper()
	for name, value := range want {
		group, key, ok := strings.Cut(name, "/")
		if !ok {
			group, key = "counters", name
		}
		if got := metric(r, group, key); got != value {
			t.Errorf("%s is %v, want %v", name, got, value)
		}
	}
}

// chat is a server that answers "bye" with a close, that tells its header, and that sends a
// ping when asked for one.
func chat(t *testing.T) string {
	srv := &airsocket.Server{}
	srv.OnConnect(func(s *airsocket.Socket) {
		s.OnMessage(func(e *airsocket.MessageEvent) {
			switch text := e.Text(); {
			case e.Binary():
				s.SendBytes(e.Bytes())
			case text == "bye":
				s.Close(4001, "good bye")
			case text == "ping":
				s.Ping(nil)
			case text == "header":
				s.Send(s.HTTPRequest().Header.Get("X-Token") + " " + s.Protocol())
			default:
				s.Send(text)
			}
		})
	})
	srv.Options = &airsocket.Options{Protocols: []string{"chat"}}
	return wstest.Serve(t, srv)
}

func TestWebSockets(t *testing.T) {
	r := wantLines(t, `
		import { WebSocket } from "k6/websockets";
		import { WebSocket as Experimental } from "k6/experimental/websockets";
		export const options = { thresholds: { "ws_msgs_sent{my:tag}": ["count==5"], "ws_sessions{subproto:chat}": ["count==1"], "ws_msgs_received{url:x}": ["count==0"] } };
		console.log(WebSocket === Experimental);
		export default function () {
			const ws = new WebSocket(__ENV.URL, "chat", { headers: { "X-Token": "secret" }, tags: { my: "tag" } });
			ws.binaryType = "arraybuffer";
			ws.onopen = () => { console.log("open", ws.protocol); ws.ping(); };
			ws.onpong = (e) => { console.log(e.type); ws.send("ping"); };
			ws.addEventListener("ping", () => { ws.send("header"); ws.send("text"); ws.send(new Uint8Array([1, 2])); });
			ws.onmessage = (e) => {
				console.log(typeof e.data === "string" ? e.data : new Uint8Array(e.data).join());
				if (typeof e.data !== "string") ws.send("bye");
			};
			ws.onclose = (e) => console.log(e.code, e.reason, e.wasClean);
		}`, map[string]string{"URL": chat(t)},
		"true", "true", "open chat", "pong", "ping", "secret chat", "text", "1,2", "4001 good bye true")
	wantMetrics(t, r, map[string]float64{
		"ws_sessions": 1, "ws_msgs_sent": 5, "ws_msgs_received": 3, "iterations": 1,
		"trend ws_connecting/count": 1, "trend ws_session_duration/count": 1, "trend ws_ping/count": 1,
	})
	if r.Err != nil {
		t.Error(r.Err, r.Report.Outcomes)
	}
}

// An error event has the text of the error, as in k6.
func TestWebSocketsError(t *testing.T) {
	srv := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(srv.Close)
	r := wantLines(t, `
		import { WebSocket } from "k6/websockets";
		export default function () {
			const ws = new WebSocket(__ENV.URL);
			ws.onerror = (e) => console.log(e.type, /404/.test(e.error));
			ws.onclose = (e) => console.log(e.code);
		}`, map[string]string{"URL": "ws" + strings.TrimPrefix(srv.URL, "http")},
		"error true", "1006")
	wantMetrics(t, r, map[string]float64{"ws_sessions": 1, "ws_msgs_sent": -1, "trend ws_connecting/count": 1})
}

func TestWS(t *testing.T) {
	r := wantLines(t, `
		import ws from "k6/ws";
		import { check } from "k6";
		export default function () {
			const response = ws.connect(__ENV.URL, { headers: { "X-Token": "secret", "Sec-WebSocket-Protocol": "chat" }, tags: { my: "tag" } }, (socket) => {
				console.log("connected");
				let timer = 0;
				socket.on("open", () => { console.log("open"); socket.ping(); });
				socket.on("pong", () => { console.log("pong"); socket.send("ping"); });
				socket.on("ping", () => { socket.send("header"); socket.sendBinary(new Uint8Array([1, 2]).buffer); });
				socket.on("message", (text) => console.log(text));
				socket.on("binaryMessage", (data) => {
					console.log(new Uint8Array(data).join());
					socket.setInterval(() => { if (++timer === 3) socket.send("bye"); }, 1);
				});
				socket.setTimeout(() => { socket.send("a"); socket.on("message", () => console.log("second")); }, 1);
				socket.on("close", (code) => console.log("close", code));
				socket.on("error", (e) => console.log(e.error()));
			});
			console.log(response.status, response.url === __ENV.URL, response.error);
		}`, map[string]string{"URL": chat(t)},
		"connected", "open", "pong", "secret chat", "1,2", "a", "second", "close 4001", "101 true ")
	_ = r
}
