package k6_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// k6Module is the module that has k6's own examples.
const k6Module = "go.k6.io/k6@v1.8.1"

// examples returns the folder with k6's examples, which "go mod download" has put into the
// cache of modules.
func examples(t *testing.T) string {
	t.Helper()
	cache, err := exec.Command(wstest.Find(t, "go"), "env", "GOMODCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(strings.TrimSpace(string(cache)), "go.k6.io", "k6@v1.8.1", "examples")
	if _, err := os.Stat(folder); err != nil {
		wstest.Missing(t, k6Module+" in the cache of modules: go mod download "+k6Module)
	}
	return folder
}

// pizza is a chat as k6's example of k6/websockets expects it.
func pizza(t *testing.T) string {
	srv := &airsocket.Server{}
	srv.OnConnect(func(s *airsocket.Socket) {
		var name string
		s.OnMessage(func(e *airsocket.MessageEvent) {
			var m struct {
				Event, Message string
				NewName        string `json:"new_name"`
			}
			if err := json.Unmarshal(e.Bytes(), &m); err != nil {
				t.Errorf("%q: %v", e.Bytes(), err)
			}
			switch m.Event {
			case "SET_NAME":
				name = m.NewName
				s.Send(`{"event":"CHAT_MSG","user":"server","message":"hello ` + name + `"}`)
			case "LEAVE":
				s.Close(1000, "")
			}
		})
	})
	return wstest.Serve(t, srv)
}

// TestInteropK6Examples runs examples of k6 in which only the host is another one.
func TestInteropK6Examples(t *testing.T) {
	folder := examples(t)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Write([]byte("{}")) }))
	t.Cleanup(web.Close)
	echo := wstest.ServeEcho(t, nil)
	for _, c := range []struct {
		file     string
		old, new string
		metrics  map[string]float64
		lines    []string // some that are printed
	}{
		{"websocket.js", "ws://echo.websocket.org", echo, map[string]float64{"ws_sessions": 1, "script_checks/status is 101": 1}, []string{"connected", "PONG!", "OTHER PONG!", "2 seconds passed, closing the socket", "disconnected"}},
		{"websockets/test-echo.js", "wss://echo.websocket.org/", echo, map[string]float64{"ws_sessions": 1}, []string{"connected", "PONG!", "OTHER PONG!", "2 seconds passed, closing the socket", "disconnected"}},
		{"websockets/ws.js", "wss://quickpizza.grafana.com/ws", pizza(t), map[string]float64{"ws_sessions": 4}, []string{"VU 1:0 received: server says: hello VU 1:0", "VU 1:3: disconnected"}},
		{"base64.js", "", "", map[string]float64{"rates/checks": 1}, nil},
		{"crypto.js", "", "", nil, []string{"37aa63c77398d954473262e1a0057c1e632eda77"}},
		{"timers.js", "", "", nil, nil},
		{"custom_metrics.js", "http://httpbin.org", web.URL, map[string]float64{"rates/my_rate": 1, "counters/my_counter": 1}, nil},
		{"tagging.js", "http://httpbin.org", web.URL, map[string]float64{"rates/checks": 1, "trend my_trend/count": 1}, nil},
		{"thresholds.js", "http://httpbin.org", web.URL, map[string]float64{"http_reqs": 2}, nil},
	} {
		t.Run(c.file, func(t *testing.T) {
			source, err := os.ReadFile(filepath.Join(folder, c.file))
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(source), c.old) {
				t.Fatalf("the example does not have %s", c.old)
			}
			lines, r := run(t, t.TempDir(), strings.ReplaceAll(string(source), c.old, c.new), nil)
			wantMetrics(t, r, map[string]float64{"iterations": 1})
			wantMetrics(t, r, c.metrics)
			all := "\n" + strings.Join(lines, "\n") + "\n"
			for _, line := range c.lines {
				if !strings.Contains(all, "\n"+line+"\n") {
					t.Errorf("the script has not printed %q, but%s", line, all)
				}
			}
			if strings.Contains(all, "ncaught") || r.Err != nil {
				t.Errorf("the script has failed: %v%s", r.Err, all)
			}
		})
	}
}

// compared is a script that k6 runs too. How many iterations begin at a rate depends on how busy
// the machine is, so only tests in bubbles count them. Its summary has what is the same each
// time. It does not have ws_msgs_sent, among which k6 also counts the pings and closes of
// k6/websockets.
const compared = `
	import ws from "k6/ws";
	import { WebSocket } from "k6/websockets";
	import http from "k6/http";
	import { check, group, sleep } from "k6";
	import exec from "k6/execution";
	import { Counter, Trend, Rate, Gauge } from "k6/metrics";
	import encoding from "k6/encoding";
	import crypto from "k6/crypto";
	const counter = new Counter("mine"), trend = new Trend("sizes"), rate = new Rate("odd"), gauge = new Gauge("last"), tagged = new Counter("tagged");
	export const options = {
		scenarios: {
			blocking: { executor: "per-vu-iterations", vus: 2, iterations: 3, exec: "blocking", tags: { way: "ws" } },
			events: { executor: "shared-iterations", vus: 3, iterations: 7, exec: "events", tags: { way: "websockets" }, env: { TEXT: "from env" } },
			ramp: { executor: "ramping-arrival-rate", startRate: 10, preAllocatedVUs: 20, exec: "quick", tags: { way: "ramp" },
				stages: [{ duration: "1050ms", target: 10 }, { duration: "0s", target: 20 }, { duration: "1s", target: 0 }] },
			slow: { executor: "constant-arrival-rate", rate: 2, duration: "1750ms", preAllocatedVUs: 1, exec: "slow", tags: { way: "slow" } },
		},
		thresholds: {
			checks: ["rate>0.5"], "mine{way:ws}": ["count==6"], "ws_msgs_received{way:websockets}": ["count==21"],
			ws_sessions: ["count===13"], sizes: ["max<=30", "p(50)>0"], odd: ["rate<1"], last: ["value>=0"], iterations: ["count>1000"],
			"iterations{way:ws}": ["count==6"], "iterations{way:websockets}": ["count==7"], "iterations{way:ramp}": ["count>0"], "iterations{way:slow}": ["count>0"],
			"dropped_iterations{scenario:slow}": ["count>=0"], "dropped_iterations{way:slow}": ["count==0"], "http_reqs{name:one}": ["count==1"], "tagged{n:5,b:true}": ["count==1"],
		},
	};
	export function setup() { return { greeting: "hello" }; }
	export function blocking(data) {
		const response = ws.connect(__ENV.URL, { tags: { a: "b" } }, (socket) => {
			socket.on("open", () => { socket.send(data.greeting); socket.sendBinary(new Uint8Array([1, 2, 3]).buffer); });
			socket.on("message", (text) => check(text, { "text is back": (text) => text === "hello" }));
			socket.on("binaryMessage", (b) => { check(b, { "bytes are back": (b) => b.byteLength === 3 }); socket.ping(); });
			socket.on("pong", () => socket.close());
		});
		check(response, { "status is 101": (r) => r.status === 101 });
		counter.add(1);
		rate.add(__ITER % 2 === 1);
	}
	export function events(data) {
		group("talk", () => {
			const socket = new WebSocket(__ENV.URL, null, { tags: { a: "c" } });
			socket.binaryType = "arraybuffer";
			let n = 0;
			socket.addEventListener("open", () => { socket.send(__ENV.TEXT); socket.send(""); socket.send(new Uint8Array(30)); });
			socket.addEventListener("message", (e) => {
				const size = typeof e.data === "string" ? e.data.length : e.data.byteLength;
				trend.add(size);
				gauge.add(size);
				if (++n === 3) { socket.ping(); }
			});
			socket.onpong = () => socket.close(3001, "done");
			socket.onclose = (e) => check(e, { "closes with 3001": (e) => e.code === 3001, "never": () => false });
		});
		check(crypto.sha256("a", "base64") + encoding.b64encode("a", "rawurl"), { "hashes": (s) => s === "ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs=YQ" });
		counter.add(exec.scenario.iterationInTest);
	}
	export function quick() {
		if (exec.scenario.iterationInTest !== 0) return;
		const all = http.batch([__ENV.WEB, ["POST", __ENV.WEB, "body", { tags: { name: "one" } }]]), named = http.batch({ a: { method: "GET", url: __ENV.WEB } });
		check(null, { "responses": Array.isArray(all) && all.length === 2 && all[1].body === "POST" && named.a.status === 200 });
		tagged.add(1, { n: 5, b: true });
		const throws = (fn) => { try { fn(); return false; } catch (err) { return true; } };
		check(null, {
			"refused": throws(() => check(1, { async: async () => false })) && throws(() => group("async", async () => {})) && throws(() => check(1, { "a::b": true }))
				&& throws(() => group("a::b", () => {})) && throws(() => check(1, null)) && throws(() => tagged.add(1, { a: {} })),
			"no numbers": [NaN, "a", null, {}].every((n) => tagged.add(n) === false),
		});
		group("outer", () => group("inner", () => check(1, { "in both": true })));
	}
	export function slow() { sleep(2); }
	export function handleSummary(data) {
		const m = data.metrics, out = { thresholds: {}, checks: {} };
		const show = (g) => [g.path].concat(g.checks.map((c) => c.path + " " + c.passes + " " + c.fails), ...g.groups.map(show));
		out.groups = show(data.root_group).sort();
		for (const name of ["ws_sessions", "ws_msgs_received", "mine", "http_reqs", "tagged"]) out[name] = m[name].values.count;
		for (const name of ["checks", "odd"]) out[name + " rate"] = [m[name].values.passes, m[name].values.fails];
		for (const name of ["ws_connecting", "ws_session_duration", "ws_ping", "iteration_duration", "group_duration"]) out["has " + name] = m[name].values.max > 0;
		out.sizes = [m.sizes.values.min, m.sizes.values.max, m.sizes.values.avg.toFixed(3), m.sizes.type, m.sizes.contains];
		out.contains = [m.ws_connecting.contains, m.data_sent.contains, m.ws_connecting.type, m.checks.type];
		for (const name in m) for (const text in m[name].thresholds || {}) out.thresholds[name + " " + text] = m[name].thresholds[text].ok;
		return { stdout: JSON.stringify(out) };
	}`

// TestInteropK6 runs a script with k6 and here, and compares what both report.
func TestInteropK6(t *testing.T) {
	program := wstest.Find(t, "k6")
	url := wstest.ServeEcho(t, nil)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Write([]byte(r.Method)) }))
	t.Cleanup(web.Close)
	path := filepath.Join(t.TempDir(), "script.js")
	if err := os.WriteFile(path, []byte(compared), 0o666); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program, "run", "--quiet", "--no-usage-report", "--address", "", "-e", "URL="+url, "-e", "WEB="+web.URL, path)
	output, err := cmd.Output()
	if code := cmd.ProcessState.ExitCode(); code != 99 {
		t.Fatalf("k6 ends with %d, %v: %s", code, err, output)
	}
	_, r := run(t, t.TempDir(), compared, map[string]string{"URL": url, "WEB": web.URL})
	var ours, theirs map[string]any
	if err := json.Unmarshal(output, &theirs); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	if err := json.Unmarshal([]byte(r.Files["stdout"]), &ours); err != nil {
		t.Fatalf("%v: %s", err, r.Files["stdout"])
	}
	for name, want := range theirs {
		if !reflect.DeepEqual(ours[name], want) {
			t.Errorf("%s is %v, with k6 %v", name, ours[name], want)
		}
	}
}
