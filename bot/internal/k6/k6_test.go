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
		token := s.HTTPRequest().Header.Get("X-Token")
		s.OnMessage(func(e *airsocket.MessageEvent) {
			switch text := e.Text(); {
			case e.Binary():
				s.SendBytes(e.Bytes())
			case text == "bye":
				s.Close(4001, "good bye")
			case text == "ping":
				s.Ping(nil)
			case text == "header":
				s.Send(token + " " + s.Protocol())
			default:
				s.Send(text)
			}
		})
	})
	srv.Options = wstest.OwnDispatcher(&airsocket.Options{Protocols: []string{"chat"}})
	web := httptest.NewServer(srv)
	t.Cleanup(func() {
		srv.Close()
		web.Close()
	})
	return "ws" + strings.TrimPrefix(web.URL, "http")
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
			ws.addEventListener("ping", (e) => { console.log(e.type); ws.send("header"); ws.send("text"); ws.send(new Uint8Array([1, 2])); });
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
					socket.setTimeout(() => { socket.send("a"); socket.on("message", () => console.log("second")); }, 1);
					socket.setInterval(() => { if (++timer === 3) socket.send("bye"); }, 1);
				});
				socket.on("close", (code) => console.log("close", code));
				socket.on("error", (e) => console.log(e.error()));
			});
			console.log(response.status, response.url === __ENV.URL, response.error);
		}`, map[string]string{"URL": chat(t)},
		"connected", "open", "pong", "secret chat", "1,2", "a", "second", "close 4001", "101 true ")
	wantMetrics(t, r, map[string]float64{
		"ws_sessions": 1, "ws_msgs_sent": 5, "ws_msgs_received": 3, "iterations": 1,
		"trend ws_connecting/count": 1, "trend ws_session_duration/count": 1, "trend ws_ping/count": 1,
	})
}

// Compression is offered only if the script says so.
func TestCompression(t *testing.T) {
	url := wstest.ServeEcho(t, &airsocket.Options{Dispatcher: new(airsocket.Dispatcher), Compression: airsocket.CompressionTakeover})
	lines, _ := run(t, t.TempDir(), `
		import { WebSocket } from "k6/websockets";
		export default function () {
			const ws = new WebSocket(__ENV.URL, [], { compression: "deflate" });
			ws.onopen = () => { console.log(/^permessage-deflate/.test(ws.extensions)); ws.close(); };
		}`, map[string]string{"URL": url})
	if !slices.Equal(lines, []string{"true"}) {
		t.Errorf("the script has printed %q", lines)
	}
}

// The connection ends with what holds up the script: an exception, and the end of the test.
func TestWSEnds(t *testing.T) {
	url := map[string]string{"URL": chat(t)}
	lines, r := run(t, t.TempDir(), `
		import ws from "k6/ws";
		export default function () {
			ws.connect(__ENV.URL, (socket) => {
				socket.on("message", () => { throw new Error("oops") });
				socket.on("close", () => console.log("not reached"));
				socket.send("a");
			});
			console.log("not reached");
		}`, url)
	if len(lines) != 1 || !strings.Contains(lines[0], "oops") || metric(r, "errors", "uncaught (in promise) Error: oops")+metric(r, "errors", "Error: oops") != 0 {
		t.Errorf("the script has printed %q", lines)
	}
	wantLines(t, `
		import ws from "k6/ws";
		import exec from "k6/execution";
		export const options = { duration: "1h" };
		export default function () {
			ws.connect(__ENV.URL, (socket) => {
				socket.on("message", () => { exec.test.abort("enough") });
				socket.send("a");
			});
		}`, url)
	_, r = run(t, t.TempDir(), `
		import ws from "k6/ws";
		export const options = { scenarios: { a: { executor: "constant-vus", duration: "1ms", gracefulStop: "1ms" } } };
		export default function () { ws.connect(__ENV.URL, () => {}); }`, url)
	wantMetrics(t, r, map[string]float64{"iterations": -1})
	r = wantLines(t, `
		import ws from "k6/ws";
		import { check } from "k6";
		export default function () {
			const response = ws.connect("ws://127.0.0.1:1/", () => console.log("not reached"));
			check(response, { "has an error": (r) => r.status === 0 && /refused/.test(r.error) });
		}`, nil)
	wantMetrics(t, r, map[string]float64{"script_checks/has an error": 1})
}

func TestExpect(t *testing.T) {
	r := wantLines(t, `
		import { WebSocket } from "k6/websockets";
		import { expect } from "airsocket/expect";
		export default async function () {
			const ws = new WebSocket(__ENV.URL);
			const open = await expect(ws, "open");
			console.log(open.type);
			ws.send("a");
			ws.send("b");
			const b = await expect(ws, "message", { where: (e) => e.data === "b", within: 60_000 });
			console.log(b.data);
			await expect(ws, "message", { within: 1 }).catch((err) => console.log(err.message));
			ws.send("c");
			await expect(ws, "message", { where: () => { throw new Error("oops") } }).catch((err) => console.log(err.message));
			ws.send("bye");
			await expect(ws, "message", { within: 60_000 }).catch((err) => console.log(err.message));
		}`, map[string]string{"URL": chat(t)},
		"open", "b", "expected message within 1 ms", "oops", "expected message, but the connection was closed with code 4001")
	wantMetrics(t, r, map[string]float64{"rates/expects": .4, "trend expect_duration/count": 5, "iterations": 1})
}

// An expectation that is not met fails the iteration.
func TestExpectFails(t *testing.T) {
	lines, r := run(t, t.TempDir(), `
		import { expect } from "airsocket/expect";
		export default async function () {
			await expect(new EventTarget(), "message", { within: 1 });
			console.log("not reached");
		}`, nil)
	if len(lines) != 1 || !strings.Contains(lines[0], "expected message within 1 ms") {
		t.Errorf("the script has printed %q", lines)
	}
	wantMetrics(t, r, map[string]float64{"rates/expects": 0})
}

func TestHTTP(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "a", Value: "b"})
		w.Header().Set("X-Answer", r.Method+" "+r.Header.Get("X-Token")+" "+r.Header.Get("Content-Type"))
		r.ParseForm()
		w.Write([]byte(`{"form": "` + r.PostForm.Encode() + `", "list": [{"cookie": "` + r.Header.Get("Cookie") + `"}]}`))
	})
	mux.Handle("/away", http.RedirectHandler("/echo", http.StatusFound))
	web := httptest.NewServer(mux)
	t.Cleanup(web.Close)
	r := wantLines(t, `
		import http from "k6/http";
		export const options = { thresholds: { "http_reqs{method:GET}": ["count==4"], "http_reqs{status:404}": ["count==1"], "http_reqs{my:tag}": ["count==1"] } };
		export default function () {
			const show = (r) => console.log(r.status, r.headers["X-Answer"], r.body);
			show(http.get(__ENV.URL + "/echo", { headers: { "X-Token": "secret" }, tags: { my: "tag" } }));
			show(http.post(__ENV.URL + "/echo", { a: 1, b: "c d" }));
			show(http.put(__ENV.URL + "/echo", "text"));
			show(http.request("delete", __ENV.URL + "/echo"));
			console.log(http.get(__ENV.URL + "/away").json("list.0.cookie"), http.get(__ENV.URL + "/away", { redirects: 0 }).status);
			console.log(http.get(__ENV.URL + "/none").status, http.post("http://127.0.0.1:1/").status);
		}`, map[string]string{"URL": web.URL},
		`200 GET secret {"form": "", "list": [{"cookie": ""}]}`,
		`200 POST  application/x-www-form-urlencoded {"form": "a=1&b=c+d", "list": [{"cookie": "a=b"}]}`,
		`200 PUT {"form": "", "list": [{"cookie": "a=b"}]}`,
		`200 DELETE {"form": "", "list": [{"cookie": "a=b"}]}`,
		"a=b 302", "404 0")
	wantMetrics(t, r, map[string]float64{"http_reqs": 8, "rates/http_req_failed": .25, "trend http_req_duration/count": 8})
	if r.Err != nil {
		t.Error(r.Report.Outcomes)
	}
}

func TestEncodingAndCrypto(t *testing.T) {
	wantLines(t, `
		import encoding from "k6/encoding";
		import crypto, { sha256 } from "k6/crypto";
		export default function () {
		const text = "小飼弾..";
		console.log(encoding.b64encode("hello"), encoding.b64encode("hello", "rawstd"), encoding.b64encode(text, "url"), encoding.b64encode(new Uint8Array([255]).buffer, "rawurl"));
		console.log(encoding.b64decode("5bCP6aO85by-Li4=", "url", "s") === text, new Uint8Array(encoding.b64decode("/w==")).join());
		console.log(sha256("a", "hex"));
		console.log(crypto.md5("a", "base64"), crypto.hmac("sha1", "key", "a", "hex"));
		const h = crypto.createHash("sha1");
		h.update("a"); h.update("b");
		console.log(h.digest("hex"), crypto.randomBytes(7).byteLength);
		for (const wrong of [() => encoding.b64decode("?"), () => encoding.b64encode("a", "b"), () => crypto.createHash("x"), () => crypto.md5("a", "x"), () => crypto.randomBytes(0), () => crypto.randomBytes(2 ** 30)]) {
			try { wrong(); console.log("no error"); } catch (err) {}
		}
		}`, nil,
		"aGVsbG8= aGVsbG8 5bCP6aO85by-Li4= _w", "true 255",
		"ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb",
		"DMF1ucDxtqgxw5niaXcmYQ== 0db21f05052f323e714ef9bf1f7b000ffe97e8a0", "da23614e02469a0d7c7bd1bdab5c9c474b1904dc 7")
}

func TestData(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "users.json"), []byte(`[{"name":"a"},{"name":"b"}]`), 0o666); err != nil {
		t.Fatal(err)
	}
	lines, _ := run(t, folder, `
		import { SharedArray } from "k6/data";
		const users = new SharedArray("users", () => { console.log("once"); return JSON.parse(open("./users.json")); });
		const bytes = open("users.json", "b");
		export const options = { vus: 3, iterations: 3 };
		export default function () {
			users[0].name = "changed";
			try { "use strict"; users[0] = 1; } catch (err) {}
			console.log(users.length, users[0].name, users.map((u) => u.name).join(), bytes.byteLength, users[5]);
			try { open("users.json"); } catch (err) { console.log("not in a function"); }
		}`, nil)
	slices.Sort(lines)
	two, not := "2 a a,b 27 undefined", "not in a function"
	if want := []string{two, two, two, not, not, not, "once"}; !slices.Equal(lines, want) {
		t.Errorf("the script has printed %q, want %q", lines, want)
	}
}

func TestUtils(t *testing.T) {
	wantLines(t, `
		import { randomSeed } from "k6";
		import { randomIntBetween, randomItem, randomString, uuidv4, findBetween } from "https://jslib.k6.io/k6-utils/1.4.0/index.js";
		import { setTimeout } from "k6/timers";
		export default function () {
		randomSeed(1);
		let ok = true;
		const seen = {};
		for (let i = 0; i < 1000; i++) {
			seen[randomIntBetween(1, 3)] = true;
			ok = ok && "abc".includes(randomItem(["a", "b", "c"])) && /^[xy]{4}$/.test(randomString(4, "xy"));
		}
		console.log(ok, Object.keys(seen).join(), /^[a-z]{9}$/.test(randomString(9)));
		console.log(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(uuidv4()));
		console.log(findBetween("<a><b>", "<", ">"), findBetween("<a><b>", "<", ">", true).join());
		setTimeout((a) => console.log(a), 1, "later");
		}`, nil,
		"true 1,2,3 true", "true", "a a,b", "later")
}

// What must be done in one place cannot be done in the other.
func TestPlaces(t *testing.T) {
	wantLines(t, `
		import { check } from "k6";
		import http from "k6/http";
		import ws from "k6/ws";
		import { WebSocket } from "k6/websockets";
		import { SharedArray } from "k6/data";
		import { Counter } from "k6/metrics";
		const counter = new Counter("mine");
		const each = (all) => { for (const fn of all) { try { fn(); console.log("no error in " + fn); } catch (err) {} } };
		each([() => check(1, { a: true }), () => http.get("http://127.0.0.1/"), () => ws.connect("ws://127.0.0.1/", () => {}), () => new WebSocket("ws://127.0.0.1/"), () => counter.add(1), () => new Counter("checks"), () => new Counter("a b")]);
		export default function () {
			each([() => new Counter("late"), () => new SharedArray("late", () => [])]);
		}`, nil)
}

// Limits that keep a script from taking all memory.
func TestLimits(t *testing.T) {
	url := map[string]string{"URL": chat(t)}
	r := wantLines(t, `
		import { check } from "k6";
		import { Counter } from "k6/metrics";
		import { WebSocket } from "k6/websockets";
		import ws from "k6/ws";
		const counter = new Counter("mine");
		export default function () {
			for (let i = 0; i < 1500; i++) check(null, { ["check " + i]: true });
			const tags = {};
			for (let i = 0; i < 101; i++) tags["tag" + i] = "a";
			try { counter.add(1, tags); } catch (err) { console.log(err.message); }
			ws.connect(__ENV.URL, (socket) => {
				for (const fn of [() => socket.on("message", () => {}), () => socket.setTimeout(() => {}, 100_000), () => socket.ping()]) {
					try { for (let i = 0; i < 20_000; i++) fn(); } catch (err) { console.log(err.message); }
				}
				socket.close();
			});
		}`, url,
		"a sample has at most 100 tags, not 101",
		"on(): a connection has at most 10000 handlers of an event",
		"setTimeout(): a connection has at most 10000 timers",
		"ping(): too many pings are waiting for a pong")
	wantMetrics(t, r, map[string]float64{"rates/checks": 1, "script_checks/check 999": 1, "script_checks/check 1000": -1})
	if notes := strings.Join(r.Report.Notes, "\n"); !strings.Contains(notes, "only the first 1000 checks") {
		t.Errorf("the notes are %s", notes)
	}
}
