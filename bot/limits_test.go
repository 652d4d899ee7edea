package bot_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/airsocket/airsocket/bot"
	"github.com/airsocket/airsocket/bot/internal/blob"
	"github.com/airsocket/airsocket/bot/internal/console"
	"github.com/airsocket/airsocket/bot/internal/events"
	"github.com/airsocket/airsocket/bot/internal/fetch"
	"github.com/airsocket/airsocket/bot/internal/realm"
	"github.com/airsocket/airsocket/bot/internal/timers"
	"github.com/airsocket/airsocket/bot/internal/websocket"
)

// TestLimits goes up to each limit, beyond it, and then gives something back.
func TestLimits(t *testing.T) {
	for name, c := range map[string]struct {
		script string
		limit  int
		text   string
	}{
		"timers": {`
			const all = [];
			const add = () => all.push(setTimeout(() => {}, 1e9));
			const remove = () => clearTimeout(all.pop());
			const end = () => all.forEach(clearTimeout);`, timers.Max, "there are 100000 timers already"},
		"listeners": {`
			const target = new EventTarget(), all = [];
			const add = () => { const fn = () => {}; target.addEventListener("x", fn); all.push(fn) };
			const remove = () => target.removeEventListener("x", all.pop());
			const end = () => {};`, events.MaxListeners, "it has 10000 listeners already"},
		"listeners of a signal": {`
			const { signal } = new AbortController(), all = [];
			const add = () => { const t = new EventTarget(), fn = () => {}; t.addEventListener("x", fn, { signal }); all.push([t, fn]) };
			const remove = () => { const [t, fn] = all.pop(); t.removeEventListener("x", fn) };
			const end = () => {};`, events.MaxListeners, "10000 listeners have this signal already"},
		"timeouts": {`
			const add = () => AbortSignal.timeout(1e9);
			const remove = null;
			const end = () => bot.exit(0);`, events.MaxTimeouts, "there are 100000 of them already"},
		"bytes of a Blob": {`
			let parts = [];
			const piece = new Uint8Array(1 << 20);
			const add = () => { parts.push(piece); if (parts.length >= limit) try { new Blob(parts) } catch (e) { parts.pop(); throw e } };
			const remove = () => parts.pop();
			const end = () => {};`, blob.MaxSize >> 20, "it would have more than 67108864 bytes"},
		"parts of a Blob": {`
			let parts = [];
			const add = () => { parts.push(""); if (parts.length >= limit) try { new Blob(parts) } catch (e) { parts.pop(); throw e } };
			const remove = () => parts.pop();
			const end = () => {};`, 100_000, "there are more than 100000 parts"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := run(t, "a.js", `const limit = Number(bot.args[0]);`+c.script+`
				for (let i = 0; i < limit; i++) add();
				try { add(); console.log("beyond the limit") } catch (e) { console.log(e.name, e.code, e.message) }
				if (remove) { remove(); add(); console.log("again") }
				end();
			`, &bot.Options{Args: []string{fmt.Sprint(c.limit)}})
			if err != nil {
				t.Error(err)
			}
			if len(got) == 0 || !strings.HasPrefix(got[0], "QuotaExceededError 22 ") || !strings.Contains(got[0], c.text) {
				t.Errorf("the script has printed %q", got)
			}
			if c.text != "there are 100000 of them already" && (len(got) != 2 || got[1] != "again") {
				t.Errorf("the script has printed %q", got)
			}
		})
	}
}

// TestSocketLimit checks how many connections a bot may have, and that those that have ended,
// and failed ones, do not count.
func TestSocketLimit(t *testing.T) {
	got, err := run(t, "a.js", `
		const limit = Number(bot.args[0]);
		for (let i = 0; i < 2 * limit; i++) try { new WebSocket("ws://127.0.0.1:1/", ["a", "a"]) } catch { }
		const all = [];
		for (let i = 0; i < limit; i++) all.push(new WebSocket("ws://127.0.0.1:1/"));
		try { new WebSocket("ws://127.0.0.1:1/") } catch (e) { console.log(e.name, e.message) }
		all[0].onclose = () => { new WebSocket("ws://127.0.0.1:1/"); console.log("again"); bot.exit(0) };
		all[0].close();
		try { new WebSocket("ws://127.0.0.1:1/", { [Symbol.iterator]: Array.prototype.values, length: 2 ** 53 - 1 }) } catch (e) { console.log(e.message) }
	`, &bot.Options{Args: []string{fmt.Sprint(websocket.Max)}})
	if err != nil {
		t.Error(err)
	}
	const refused = "Failed to construct 'WebSocket': there are "
	expect(t, got, "QuotaExceededError "+refused+"1000 of them already that are not closed.", refused+"more than 1000 subprotocols.", "again")
}

// TestAbandonedFetches checks that requests that have been stopped do not count any more.
func TestAbandonedFetches(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/wait" {
			<-r.Context().Done()
		}
	}))
	defer srv.Close()
	got, err := run(t, "a.js", `
		const n = Number(bot.args[0]);
		(async () => {
			for (let i = 0; i < n; i++) fetch("/wait");
			abandon();
			const c = new AbortController();
			for (let i = 0; i < n; i++) fetch("/wait", { signal: c.signal }).catch(() => {});
			c.abort();
			for (let i = 0; i < n; i++) fetch("/").catch(e => console.log(e.message));
			console.log((await fetch("/").catch(e => e)).message);
		})();
	`, &bot.Options{URL: srv.URL, Args: []string{fmt.Sprint(fetch.MaxRequests)}, Setup: func(b *bot.Bot) error {
		return b.Runtime().Set("abandon", func() { realm.Of(b.Runtime()).Abandon() })
	}})
	if err != nil {
		t.Error(err)
	}
	expect(t, got, fmt.Sprintf("Failed to fetch: there are %d requests already", fetch.MaxRequests))
}

// TestAbandonedSockets checks that a script is not told of sockets that have been stopped.
func TestAbandonedSockets(t *testing.T) {
	srv := httptest.NewServer(http.NotFoundHandler())
	defer srv.Close()
	got, err := run(t, "a.js", `
		const listen = (what) => {
			const ws = new WebSocket("/");
			ws.onerror = ws.onclose = e => console.log(what, e.type);
		};
		listen("abandoned");
		abandon();
		listen("new");
	`, &bot.Options{URL: srv.URL, Setup: func(b *bot.Bot) error {
		return b.Runtime().Set("abandon", func() { realm.Of(b.Runtime()).Abandon() })
	}})
	if err != nil {
		t.Error(err)
	}
	expect(t, got, "new error", "new close")
}

// TestNestedTimers checks that a timer takes 4 ms at least if five others, each of which has set
// the next, have come before it.
func TestNestedTimers(t *testing.T) {
	for call, want := range map[string][]string{
		"setTimeout(again, 0)":                                           {"0", "0", "0", "0", "0", "4", "8", "12"},
		"setTimeout(again, 3)":                                           {"3", "6", "9", "12", "15", "19", "23", "27"},
		"setTimeout(again, 5)":                                           {"5", "10", "15", "20", "25", "30", "35", "40"},
		"Promise.resolve().then(() => setTimeout(again))":                {"0", "0", "0", "0", "0", "4", "8", "12"},
		"const i = setInterval(() => { clearInterval(i); again(); }, 0)": {"1", "2", "3", "4", "5", "9", "13", "17"},
	} {
		synctest.Test(t, func(t *testing.T) {
			got, err := run(t, "a.js", `
				const begun = performance.now();
				let n = 0;
				const next = () => { `+call+` };
				const again = () => { console.log(Math.round(performance.now() - begun)); if (++n < 8) next(); };
				next();
			`, nil)
			if err != nil {
				t.Error(err)
			}
			expect(t, got, want...)
		})
	}
}

// TestTimersAfterNested checks that what comes after timers that were nested does not wait as
// they do, and that timers that are over do not count.
func TestTimersAfterNested(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got, err := run(t, "a.js", `
			let n = 0;
			const again = () => { if (++n < 8) setTimeout(again); };
			again();
			AbortSignal.timeout(100).onabort = () => {
				const begun = performance.now();
				setTimeout(() => console.log(Math.round(performance.now() - begun)));
			};
			setTimeout(() => {
				for (let i = 0; i < limit; i++) setTimeout(() => {});
				setTimeout(() => { setTimeout(() => console.log("another")) }, 1000);
			}, 1000);
		`, &bot.Options{Setup: func(b *bot.Bot) error { return b.Runtime().Set("limit", timers.Max-1) }})
		if err != nil {
			t.Error(err)
		}
		expect(t, got, "0", "another")
	})
}

// TestFetchTimeout checks that a request ends if its server does not answer.
func TestFetchTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got, err := run(t, "a.js", `
			fetch("http://x/").catch(e => console.log(e.message, Math.round(performance.now() / 1000)));
		`, &bot.Options{Transport: transport(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})})
		if err != nil {
			t.Error(err)
		}
		expect(t, got, "Failed to fetch: there was no response in time 300")
	})
}

// TestTransport checks a Transport that says of a response only what it must.
func TestTransport(t *testing.T) {
	got, err := run(t, "a.js", `fetch("http://x/y").then(p => console.log(p.status, p.url, p.redirected));`,
		&bot.Options{Transport: transport(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 204, Body: http.NoBody}, nil
		})})
	if err != nil {
		t.Error(err)
	}
	expect(t, got, "204 http://x/y false")
}

// A transport is an http.RoundTripper.
type transport func(*http.Request) (*http.Response, error)

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) { return t(r) }

// TestPrintedLimit checks how much one call of console prints.
func TestPrintedLimit(t *testing.T) {
	for name, script := range map[string]string{
		"text":    `console.log("x".repeat(1e4).repeat(2e4))`,
		"texts":   `console.log(...new Array(5000).fill("x".repeat(10_000)))`,
		"format":  `console.log("%s".repeat(5000), ...new Array(5000).fill("x".repeat(10_000)))`,
		"objects": `console.log(...new Array(5000).fill({ a: "x".repeat(10_000) }))`,
		"indent":  `for (let i = 0; i < 100; i++) console.group(); console.log("\n".repeat(1e7))`,
		"table":   `console.table(new Array(100).fill({ ["k".repeat(1e6)]: 1, [Symbol()]: 2, a: "x".repeat(1e4).repeat(1e4) }))`,
		"arrays":  `console.log(new Array(4294967295)); console.table(new Array(4294967295)); console.table([new Array(4294967295)]); console.dir(new Uint8Array(1e8)); console.table(new String("x".repeat(1e4).repeat(1e4)))`,
		"map":     `console.log(new Map([[new Array(4294967295), new Set([new Array(4294967295)])]]))`,
		"deep":    `let d = []; for (let i = 0; i < 1e5; i++) d = i % 2 ? [d] : new Map([[d, d]]); console.log(d, "%o", d); console.table(d)`,
		"names":   `const f = { ["x".repeat(1e4).repeat(1e4)]() {} }["x".repeat(1e4).repeat(1e4)]; console.log(f, new (class { static name = "x".repeat(1e4).repeat(1e4) })); console.count("x".repeat(1e4).repeat(1e4))`,
	} {
		t.Run(name, func(t *testing.T) {
			got, err := run(t, "a.js", script, nil)
			if err != nil {
				t.Error(err)
			}
			for _, text := range got {
				if len(text) > console.MaxPrinted+100 {
					t.Errorf("a call has printed %d bytes", len(text))
				}
				if len(text) > console.MaxPrinted && !strings.HasSuffix(text, "… (a call of console prints at most 16 MiB)") {
					t.Errorf("the text ends with %q", text[len(text)-100:])
				}
			}
		})
	}
}

// TestConsoleCallsNothing checks that to show an object calls nothing of the script.
func TestConsoleCallsNothing(t *testing.T) {
	got, err := run(t, "a.js", `
		const boom = () => { throw new Error("called") };
		const trap = new Proxy({}, { get: () => boom });
		console.log({ get a() { boom() }, set b(v) { boom() }, c: 1 }, new Proxy({}, trap), new Proxy([], trap));
		console.log(Object.defineProperty([1, 2], 0, { get: boom }), Object.create(new Proxy({}, trap)));
		console.table([{ get a() { boom() } }, new Proxy({}, trap)]);
		console.log(Object.create({ get constructor() { boom() } }), Object.defineProperty(() => {}, "name", { get: boom }));
		const { proxy, revoke } = Proxy.revocable({}, {});
		revoke();
		console.log(proxy, [proxy], "%o", proxy);
	`, nil)
	if err != nil {
		t.Error(err)
	}
	expect(t, got,
		"{ a: [Getter], b: [Getter], c: 1 } Proxy {…} Proxy {…}",
		"[ [Getter], 2 ] {}",
		"(index) | a\n--------+----------\n0       | undefined\n1       | ",
		"{} [function]",
		"Proxy {…} [ Proxy {…} ] %o Proxy {…}")
}
