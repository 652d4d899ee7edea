package bot_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/dop251/goja"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/bot"
	"github.com/airsocket/airsocket/bot/internal/fetch"
	"github.com/airsocket/airsocket/bot/internal/realm"
)

// lines collects what a script prints.
type lines struct {
	mu   sync.Mutex
	list []string
}

func (l *lines) print(_, text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = append(l.list, text)
}

func (l *lines) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.list)
}

// run runs a script, and returns what it has printed.
func run(t *testing.T, name, source string, opts *bot.Options) ([]string, error) {
	t.Helper()
	p, err := bot.Compile(name, []byte(source))
	if err != nil {
		t.Fatal(err)
	}
	return runProgram(t.Context(), p, opts)
}

func runProgram(ctx context.Context, p *bot.Program, opts *bot.Options) ([]string, error) {
	printed := new(lines)
	if opts == nil {
		opts = new(bot.Options)
	}
	if opts.Console == nil {
		opts.Console = printed.print
	}
	err := bot.New(p, opts).Run(ctx)
	return printed.all(), err
}

func expect(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("the script has printed\n%s\nand should print\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// echoServer starts a server that sends back each message, and returns its URL.
func echoServer(t *testing.T, onConnect func(*airsocket.Socket)) string {
	t.Helper()
	srv := &airsocket.Server{Options: &airsocket.Options{Dispatcher: new(airsocket.Dispatcher)}}
	srv.OnConnect(func(s *airsocket.Socket) {
		s.OnMessage(func(m *airsocket.MessageEvent) { s.SendMessage(m.Kind(), m.Bytes()) })
		if onConnect != nil {
			onConnect(s)
		}
	})
	l, err := airsocket.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go srv.Serve(l)
	t.Cleanup(func() { srv.Close() })
	return "ws://" + l.Addr().String() + "/"
}

func TestConversation(t *testing.T) {
	url := echoServer(t, nil)
	got, err := run(t, "a.js", `
		const ws = new WebSocket(bot.args[0]);
		ws.binaryType = "arraybuffer";
		ws.onopen = () => { console.log("open", bot.number); ws.send("hello"); ws.send(new Uint8Array([1, 2])) };
		ws.onmessage = ({data}) => {
			console.log("got", data);
			queueMicrotask(() => console.log("microtask"));
			if (data != "hello") ws.close(4000, "enough");
		};
		ws.onclose = e => console.log("close", e.code, e.reason, e.wasClean);
	`, &bot.Options{Number: 7, Args: []string{url}})
	if err != nil {
		t.Error(err)
	}
	expect(t, got, "open 7", "got hello", "microtask", "got ArrayBuffer(2)", "microtask", "close 4000 enough true")
}

// TestErrorsAreReported checks that a script goes on after an error, and that Run returns
// the first.
func TestErrorsAreReported(t *testing.T) {
	var reported []string
	got, err := run(t, "a.js", `
		setTimeout(() => { throw new RangeError("one") });
		setTimeout(() => Promise.reject(new TypeError("two")), 1);
		setTimeout(() => { const p = Promise.reject(3); p.catch(() => console.log("handled")) }, 2);
		setTimeout(() => console.log("last"), 3);
	`, &bot.Options{OnError: func(err error) { reported = append(reported, strings.SplitN(err.Error(), "\n", 2)[0]) }})
	expect(t, got, "handled", "last")
	if len(reported) != 2 || !strings.Contains(reported[0], "one") || !strings.Contains(reported[1], "two") {
		t.Errorf("reported were %q", reported)
	}
	if ex, ok := errors.AsType[*goja.Exception](err); !ok || !strings.Contains(ex.Error(), "one") {
		t.Errorf("Run has returned %v", err)
	}
}

// TestErrorsArePrinted checks the text of an error that nobody asked for.
func TestErrorsArePrinted(t *testing.T) {
	got, _ := run(t, "a.js", "function bad() { nothing() }\nbad()", nil)
	if len(got) != 1 || !strings.HasPrefix(got[0], "Uncaught ReferenceError: nothing is not defined") || !strings.Contains(got[0], "a.js:1") {
		t.Errorf("printed was %q", got)
	}
}

func TestExit(t *testing.T) {
	for _, code := range []int{0, 3} {
		got, err := run(t, "a.js", fmt.Sprintf(`
			setInterval(() => {}, 1000);
			setTimeout(() => { try { bot.exit(%d) } finally { console.log("finally") } console.log("no") });
		`, code), nil)
		exit, _ := errors.AsType[*bot.ExitError](err)
		if code == 0 && err != nil || code != 0 && (exit == nil || exit.Code != code) {
			t.Errorf("exit(%d) returns %v", code, err)
		}
		if slices.Contains(got, "no") {
			t.Error("the script has gone on")
		}
	}
}

// TestLoopsAreStopped checks that the end of the context ends scripts that never yield.
func TestLoopsAreStopped(t *testing.T) {
	for name, script := range map[string]string{
		"loop":       `console.log("go"); for (;;);`,
		"microtasks": `console.log("go"); (function again() { Promise.resolve().then(again) })()`,
		"listener":   `const t = new EventTarget(); t.addEventListener("x", () => { console.log("go"); for (;;); }); t.dispatchEvent(new Event("x"))`,
		"catch":      `console.log("go"); for (;;) try { for (;;); } catch {} finally { for (;;); }`,
		"waiting":    `setInterval(() => {}, 1e9); console.log("go")`,
	} {
		t.Run(name, func(t *testing.T) {
			p, err := bot.Compile("a.js", []byte(script))
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancelCause(t.Context())
			why := errors.New("enough")
			_, err = runProgram(ctx, p, &bot.Options{Console: func(string, string) { cancel(why) }})
			if err != why {
				t.Errorf("Run has returned %v", err)
			}
		})
	}
}

// TestStopEndsConnections checks that a bot that is stopped leaves no connection behind.
func TestStopEndsConnections(t *testing.T) {
	closed := make(chan struct{})
	url := echoServer(t, func(s *airsocket.Socket) { s.OnClose(func(*airsocket.CloseEvent) { close(closed) }) })
	ctx, cancel := context.WithCancel(t.Context())
	p, err := bot.Compile("a.js", []byte(`
		const ws = new WebSocket(bot.args[0]);
		ws.onopen = () => console.log("open");
		ws.onclose = () => console.log("no event comes after Stop");
	`))
	if err != nil {
		t.Fatal(err)
	}
	printed := new(lines)
	_, err = runProgram(ctx, p, &bot.Options{Args: []string{url}, Console: func(m, text string) { printed.print(m, text); cancel() }})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Run has returned %v", err)
	}
	<-closed
	expect(t, printed.all(), "open")
}

// TestMaxCallStack checks that functions may not call each other without end, and that
// the script goes on in the next task.
func TestMaxCallStack(t *testing.T) {
	got, err := run(t, "a.js", `
		let depth = 0;
		setTimeout(() => console.log("next", depth), 1);
		(function f() { depth++; f() })();
	`, &bot.Options{OnError: func(error) {}})
	if _, ok := errors.AsType[*goja.StackOverflowError](err); !ok {
		t.Errorf("Run has returned %v", err)
	}
	expect(t, got, fmt.Sprint("next ", realm.MaxCallStack))
}

func TestSetup(t *testing.T) {
	var all []string
	var b *bot.Bot
	p, err := bot.Compile("a.mjs", []byte(`export const sum = add(1, 2); tell(sum)`))
	if err != nil {
		t.Fatal(err)
	}
	b = bot.New(p, &bot.Options{Setup: func(b *bot.Bot) error {
		b.Runtime().Set("add", func(x, y int) int { return x + y })
		return b.Runtime().Set("tell", func(n int) {
			b.Dispatcher().Post(func() { all = append(all, fmt.Sprint(n, b.Exports().Get("sum"))) })
		})
	}})
	if err := b.Run(t.Context()); err != nil {
		t.Error(err)
	}
	expect(t, all, "3 3")

	why := errors.New("no")
	_, err = run(t, "a.js", `console.log("runs")`, &bot.Options{Setup: func(*bot.Bot) error { return why }})
	if err != why {
		t.Errorf("Run has returned %v", err)
	}
	_, err = run(t, "a.js", ``, &bot.Options{URL: "not a URL"})
	if err == nil || !strings.Contains(err.Error(), "Options.URL") {
		t.Errorf("Run has returned %v", err)
	}
}

func TestModules(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"main.ts": `import data from "./data.json";
			import { greet } from "./lib";
			import far from "https://example.com/far.js";
			interface Line { text: string }
			const line: Line = { text: greet("you") };
			async function* two() { yield 1; yield 2 }
			for await (const n of two()) console.log(n, line.text, data.a, far);
			await new Promise(r => setTimeout(r, 1));
			console.log("later");
			throw new Error("at the end");`,
		"lib.ts":    "export const greet = (who: string): string => `hello ${who}`",
		"data.json": `{"a": 5}`,
		"net.js":    `import "https://example.com/far.js"`,
		"sloppy.ts": "var hidden: number = 1; console.log(globalThis.hidden, (function() { return this === globalThis })())",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p, err := bot.CompileFile(filepath.Join(dir, "main.ts"), func(name string) (string, bool) {
		return "export default 9", name == "https://example.com/far.js"
	})
	if err != nil {
		t.Fatal(err)
	}
	var reported []error
	got, _ := runProgram(t.Context(), p, &bot.Options{OnError: func(err error) { reported = append(reported, err) }})
	expect(t, got, "1 hello you 5 9", "2 hello you 5 9", "later")
	if len(reported) != 1 || !strings.Contains(reported[0].Error(), "main.ts:10") {
		t.Errorf("the place of the error should be that of the source: %v", reported)
	}

	if p, err = bot.CompileFile(filepath.Join(dir, "sloppy.ts"), nil); err != nil {
		t.Fatal(err)
	}
	got, _ = runProgram(t.Context(), p, nil)
	expect(t, got, "1 true")

	if _, err := bot.CompileFile(filepath.Join(dir, "net.js"), nil); err == nil || !strings.Contains(err.Error(), "nothing is loaded from the network") {
		t.Errorf("CompileFile has returned %v", err)
	}
	if _, err := bot.Compile(filepath.Join(dir, "a.js"), []byte(`import "./lib"`)); err == nil || !strings.Contains(err.Error(), "may not import") {
		t.Errorf("Compile has returned %v", err)
	}
	if _, err := bot.Compile("a.js", []byte("let = = 3")); err == nil || !strings.Contains(err.Error(), "a.js") {
		t.Errorf("Compile has returned %v", err)
	}
}

// TestSourceMaps checks that a script cannot make the engine read files.
func TestSourceMaps(t *testing.T) {
	name := filepath.Join(t.TempDir(), "pipe")
	if err := os.WriteFile(name, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := run(t, "a.js", fmt.Sprintf("console.log(eval('7\\n//# sourceMappingURL=%s'))\n//# sourceMappingURL=%s", name, name), nil)
	if err != nil {
		t.Error(err)
	}
	expect(t, got, "7")
}

// TestManyBots checks that bots share a program, and nothing else.
func TestManyBots(t *testing.T) {
	p, err := bot.Compile("a.js", []byte(`var mine = (globalThis.mine || 0) + bot.number; setTimeout(() => console.log(mine))`))
	if err != nil {
		t.Fatal(err)
	}
	printed := new(lines)
	var bots []*bot.Bot
	for i := range 50 {
		b := bot.New(p, &bot.Options{Number: i, Console: printed.print})
		b.Start()
		bots = append(bots, b)
	}
	for _, b := range bots {
		if err := b.Wait(); err != nil {
			t.Error(err)
		}
	}
	got := printed.all()
	slices.Sort(got)
	var want []string
	for i := range 50 {
		want = append(want, fmt.Sprint(i))
	}
	slices.Sort(want)
	expect(t, got, want...)
}

// TestFetchLimits checks the limits of bodies, and of requests at the same time.
func TestFetchLimits(t *testing.T) {
	release := make(chan struct{})
	var waiting sync.WaitGroup
	waiting.Add(fetch.MaxRequests)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/wait" {
			waiting.Done()
			<-release
			return
		}
		body := make([]byte, fetch.MaxBody)
		if r.URL.Path == "/over" {
			body = append(body, 1)
		}
		w.Write(body)
	}))
	defer srv.Close()
	got, err := run(t, "a.js", `
		(async () => {
			console.log((await (await fetch("/max")).arrayBuffer()).byteLength);
			await fetch("/over").catch(e => console.log(e.name, e.message));
		})();
	`, &bot.Options{URL: srv.URL})
	if err != nil {
		t.Error(err)
	}
	expect(t, got, fmt.Sprint(fetch.MaxBody), fmt.Sprintf("TypeError Failed to fetch: the body of the response has more than %d bytes", fetch.MaxBody))

	go func() {
		waiting.Wait()
		close(release)
	}()
	got, err = run(t, "a.js", `
		const all = [];
		for (let i = 0; i < Number(bot.args[0]); i++) all.push(fetch("/wait"));
		fetch("/wait").catch(e => console.log(e.message));
		Promise.all(all).then(() => console.log("all"));
	`, &bot.Options{URL: srv.URL, Args: []string{fmt.Sprint(fetch.MaxRequests)}})
	if err != nil {
		t.Error(err)
	}
	expect(t, got, fmt.Sprintf("Failed to fetch: there are %d requests already", fetch.MaxRequests), "all")
}

// TestFetchOrigins checks what requests tell of the page, also after redirects.
func TestFetchOrigins(t *testing.T) {
	const page, own = "http://a.test/dir/page?query#fragment", "http://a.test/dir/page?query"
	for _, test := range []struct {
		page, method, url string
		want              []string // host, Origin and Referer of each request
	}{
		{page, "GET", "/x", []string{"a.test", "", own}},
		{page, "POST", "/x", []string{"a.test", "http://a.test", own}},
		{page, "GET", "http://b.test/x", []string{"b.test", "http://a.test", "http://a.test/"}},
		{page, "GET", "https://a.test/x", []string{"a.test", "http://a.test", "http://a.test/"}},
		{page, "GET", "http://a.test:81/x", []string{"a.test:81", "http://a.test", "http://a.test/"}},
		{"https://a.test/", "POST", "http://b.test/x", []string{"b.test", "https://a.test", ""}},
		{"", "POST", "http://a.test/x", []string{"a.test", "", ""}},
		{"file:///a/page.html", "GET", "http://a.test/x", []string{"a.test", "null", ""}},
		{page, "POST", "/to?/x", []string{"a.test", "http://a.test", own, "a.test", "", own}},
		{page, "GET", "/to?http://b.test/x", []string{"a.test", "", own, "b.test", "http://a.test", "http://a.test/"}},
		{"", "GET", "http://a.test/to?/x", []string{"a.test", "", "", "a.test", "", ""}},
	} {
		var seen []string
		got, err := run(t, "a.js", `fetch(bot.args[0], {method: bot.args[1]}).then(p => console.log(p.status, p.redirected))`, &bot.Options{
			URL: test.page, Args: []string{test.url, test.method},
			Transport: transport(func(r *http.Request) (*http.Response, error) {
				seen = append(seen, r.URL.Host, r.Header.Get("Origin"), r.Header.Get("Referer"))
				if target := r.URL.RawQuery; r.URL.Path == "/to" {
					return &http.Response{StatusCode: 302, Header: http.Header{"Location": {target}}, Body: http.NoBody, Request: r}, nil
				}
				return &http.Response{StatusCode: 200, Body: http.NoBody, Request: r}, nil
			}),
		})
		if err != nil {
			t.Error(err)
		}
		if !slices.Equal(seen, test.want) {
			t.Errorf("%s %s of %q: %q, want %q", test.method, test.url, test.page, seen, test.want)
		}
		expect(t, got, fmt.Sprint("200 ", len(test.want) > 3))
	}
}

// TestAbort checks that a request can be aborted while the server does not answer.
func TestAbort(t *testing.T) {
	asked := make(chan struct{})
	gone := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(asked)
		<-r.Context().Done()
		close(gone)
	}))
	defer srv.Close()
	p, err := bot.Compile("a.js", []byte(`
		const c = new AbortController();
		globalThis.abort = () => c.abort();
		fetch("/", {signal: c.signal}).catch(e => console.log(e.name));
	`))
	if err != nil {
		t.Fatal(err)
	}
	printed := new(lines)
	b := bot.New(p, &bot.Options{URL: srv.URL, Console: printed.print})
	b.Start()
	<-asked
	b.Dispatcher().Post(func() {
		abort, _ := goja.AssertFunction(b.Runtime().Get("abort"))
		abort(nil)
	})
	if err := b.Wait(); err != nil {
		t.Error(err)
	}
	<-gone
	expect(t, printed.all(), "AbortError")
}

// TestConsoleLimits checks that counters, timers and groups do not grow without end.
func TestConsoleLimits(t *testing.T) {
	got, err := run(t, "a.js", `
		for (let i = 0; i < 1001; i++) { console.count("c" + i); console.time("t" + i) }
		for (let i = 0; i < 200; i++) console.group();
		console.log("deep");
	`, nil)
	if err != nil {
		t.Error(err)
	}
	rest := slices.DeleteFunc(got, func(s string) bool { return strings.HasPrefix(s, "c") })
	expect(t, rest, "There are too many counters.", "There are too many timers.", strings.Repeat("  ", 100)+"deep")
}

// TestConsole checks what console prints.
func TestConsole(t *testing.T) {
	got, err := run(t, "a.js", `
		const circle = {name: "c"}; circle.self = circle;
		console.log("%s has %d of %i%%", "x", 4.7, 2, "rest", [1, "two", [3]], {a: 1, "b c": null}, undefined, -0, 10n);
		console.log(circle, new Map([["a", 1]]), new Set([1]), function f() {}, class A {}, new (class B { c = 1 }), /x/, new Uint8Array(2));
		console.group("group"); console.info("two\nlines"); console.groupEnd();
		console.count(); console.count(); console.countReset(); console.count("x");
		console.assert(true, "no"); console.assert(false, "yes");
		console.table([{a: 1}, {b: "y"}]);
		console.log(new DOMException("message", "AbortError"), Promise.resolve(1));
	`, nil)
	if err != nil {
		t.Error(err)
	}
	expect(t, got,
		"x has 4 of 2% rest [ 1, 'two', [ 3 ] ] { a: 1, 'b c': null } undefined -0 10n",
		"{ name: 'c', self: [Circular] } Map(1) { 'a' => 1 } Set(1) { 1 } [function f] [class A] B { c: 1 } /x/ Uint8Array(2) [ 0, 0 ]",
		"group", "  two\n  lines", "default: 1", "default: 2", "x: 1", "Assertion failed: yes",
		"(index) | a | b\n--------+---+----\n0       | 1 | \n1       |   | 'y'",
		"AbortError: message Promise { 1 }")
}
