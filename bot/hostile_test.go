package bot_test

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/airsocket/airsocket/bot"
	"github.com/airsocket/airsocket/bot/internal/realm"
)

//go:embed testdata/hostile.js
var hostileScript string

// TestHostileArguments calls everything that a bot has with arguments that throw, lie and are
// too large. The program must live, and the script must go on.
func TestHostileArguments(t *testing.T) {
	got, err := run(t, "hostile.js", hostileScript, &bot.Options{
		URL:  "http://127.0.0.1:1/",
		Args: bot.GlobalNames,
		OnError: func(err error) {
			if len(err.Error()) > 1<<20 {
				t.Errorf("the text of an error has %d bytes", len(err.Error()))
			}
		},
	})
	if err != nil {
		t.Error(err)
	}
	if len(got) == 0 || strings.TrimSpace(got[len(got)-1]) != "lives true" { // in groups of console
		t.Error("the script has not gone on")
	}
}

// TestHostileGlobals checks that a bot needs nothing of the script's: it may replace what the
// language has before the bot first uses it.
func TestHostileGlobals(t *testing.T) {
	for name, replace := range map[string]string{
		"classes":    `for (const name of ["Error", "TypeError", "RangeError", "Promise", "Symbol", "Uint8Array", "ArrayBuffer", "JSON", "Object", "Map", "Set", "Array"]) globalThis[name] = 3;`,
		"deleted":    `for (const name of ["Error", "RangeError", "Promise", "Symbol", "Uint8Array", "ArrayBuffer", "JSON", "Object", "Map"]) delete globalThis[name];`,
		"promises":   `Promise.prototype.then = 3; Promise.prototype.constructor = 3;`,
		"objects":    `const { defineProperty } = Object; for (const name of ["then", "get", "set", "length", "constructor", "message", "stack"]) defineProperty(Object.prototype, name, { __proto__: null, get() { throw new Error(name) }, set() {} });`,
		"iterators":  `delete Array.prototype[Symbol.iterator]; Object.getPrototypeOf([][Symbol.iterator] ? [].values() : {}).next = 3;`,
		"errors":     `delete Error.prototype.name; delete Error.prototype.message; delete Error.prototype.toString;`,
		"prototypes": `Object.setPrototypeOf(TypeError.prototype, null); Object.setPrototypeOf(RangeError.prototype, null);`,
	} {
		t.Run(name, func(t *testing.T) {
			got, err := run(t, "a.js", replace+`
				const attempt = fn => { try { return fn() } catch { } };
				setTimeout(() => { console.log("lives"); bot.exit(0) }, 10);
				attempt(() => queueMicrotask(() => console.log("microtask")));
				attempt(() => new DOMException("m"));
				attempt(() => new TextEncoder().encode("x"));
				attempt(() => new TextDecoder("none"));
				attempt(() => new Headers({a: "b"}).forEach(3));
				attempt(() => [...new URLSearchParams("a=1")]);
				attempt(() => new Blob(["x"]).bytes());
				attempt(() => structuredClone(attempt(() => null.x) ?? new Map([[1, 2]])));
				attempt(() => structuredClone(new Error("e")));
				attempt(() => fetch("http://127.0.0.1:1/"));
				attempt(() => console.log([1], {a: 1}, new Map(), attempt));
				attempt(() => console.table([{a: 1}]));
				attempt(() => AbortSignal.abort().throwIfAborted());
				attempt(() => new WebSocket("http://x/#f"));
				nothing();
			`, &bot.Options{OnError: func(err error) { _ = err.Error() }})
			if err != nil || !slices.Contains(got, "lives") || !slices.Contains(got, "microtask") {
				t.Errorf("Run has returned %v, and the script has printed %q", err, got)
			}
		})
	}
}

// TestHostileErrors checks that the errors of a script are texts: they call nothing of the
// script once they are reported.
func TestHostileErrors(t *testing.T) {
	for source, want := range map[string]string{
		`throw { toString() { throw 1 } }`:                                            "an object that has no text",
		`throw { [Symbol.toPrimitive]() { return {} } }`:                              "an object that has no text",
		`throw { toString: () => Symbol() }`:                                          "an object that has no text",
		`throw { toString() { throw this } }`:                                         "an object that has no text",
		`Promise.reject({ get stack() { throw 1 }, toString() { throw 1 } })`:         "an object that has no text",
		`Promise.reject({ stack: { toString() { throw 1 } }, toString: () => "me" })`: "me",
		`throw new Proxy({}, { get() { throw 1 }, getPrototypeOf() { throw 1 } })`:    "an object that has no text",
		`throw Symbol("s")`:                         "Symbol(s)",
		`throw { toString: () => "x".repeat(1e7) }`: "xxx",
	} {
		var reported error
		_, err := run(t, "a.js", source, &bot.Options{OnError: func(err error) { reported = err }})
		if err == nil || err != reported {
			t.Fatalf("%s: Run has returned %v, reported was %v", source, err, reported)
		}
		if text := err.Error(); !strings.Contains(text, want) || len(text) > 1<<20 {
			t.Errorf("%s: the text is %.100q", source, text)
		}
		if errors.Is(err, io.EOF) {
			t.Errorf("%s is io.EOF", source)
		}
	}
}

// TestPanics checks that a panic of Go ends the bot, and nothing else.
func TestPanics(t *testing.T) {
	why := errors.New("why")
	explode := func(b *bot.Bot) error {
		return b.Runtime().Set("explode", func() { panic(why) })
	}
	for name, opts := range map[string]*bot.Options{
		"Setup":    {Setup: func(*bot.Bot) error { panic(why) }},
		"call":     {Setup: explode},
		"Console":  {Setup: func(b *bot.Bot) error { return b.Runtime().Set("explode", func() {}) }, Console: func(_, text string) { panic(why) }},
		"OnError":  {OnError: func(error) { panic(why) }},
		"rejected": {OnError: func(error) { panic(why) }, Setup: func(b *bot.Bot) error { return b.Runtime().Set("explode", func() {}) }},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := run(t, "a.js", `
				setInterval(() => {}, 1000);
				Promise.reject(1);
				try { try { explode() } catch { } } finally { console.log("no") }
			`, opts)
			p, ok := errors.AsType[*bot.PanicError](err)
			if !ok || !errors.Is(err, why) || !strings.Contains(p.Stack, "hostile_test.go") {
				t.Errorf("Run has returned %v", err)
			}
		})
	}
}

// TestStopIsFinal checks that nothing of the script runs after it was stopped, whatever it
// had begun: the engine forgets that it was interrupted when a function ends.
func TestStopIsFinal(t *testing.T) {
	url := echoServer(t, nil)
	for name, script := range map[string]string{
		"timers":      `for (let i = 0; i < 3; i++) setTimeout(() => { console.log("go"); for (;;); })`,
		"listeners":   `const ws = new WebSocket(bot.args[0]); for (let i = 0; i < 3; i++) ws.addEventListener("open", () => { console.log("go"); for (;;); })`,
		"handleEvent": `const ws = new WebSocket(bot.args[0]); for (let i = 0; i < 3; i++) ws.addEventListener("open", { get handleEvent() { console.log("go"); for (;;); } })`,
		"stack":       `for (let i = 0; i < 3; i++) Promise.reject({ get stack() { console.log("go"); for (;;); }, toString() { console.log("go"); for (;;); } })`,
		"microtasks":  `for (let i = 0; i < 3; i++) queueMicrotask(() => { console.log("go"); for (;;); })`,
	} {
		t.Run(name, func(t *testing.T) {
			p, err := bot.Compile("a.js", []byte(script))
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			got, err := runProgram(ctx, p, &bot.Options{Args: []string{url}, Console: func(string, string) { cancel() }})
			if !errors.Is(err, context.Canceled) || len(got) > 0 {
				t.Errorf("Run has returned %v", err)
			}
		})
	}
}

// TestJSONDepth checks that what a server sends cannot take all of the stack.
func TestJSONDepth(t *testing.T) {
	got, err := run(t, "a.js", `
		const { parse } = JSON;
		const nested = n => "[".repeat(n) + "]".repeat(n);
		console.log(parse(nested(Number(bot.args[0]))).length, parse('"' + "[".repeat(20_000) + '\\""').length);
		for (const text of [nested(Number(bot.args[0]) + 1), "[".repeat(15e6), '{"a":'.repeat(3e6)]) {
			try { parse(text) } catch (e) { console.log(e.name, e.message) }
		}
		console.log(parse("[1]", (k, v) => k === "0" ? v + 1 : v), parse.length, parse.name, Object.keys(JSON).length);
	`, &bot.Options{Args: []string{fmt.Sprint(realm.MaxJSONDepth)}})
	if err != nil {
		t.Error(err)
	}
	const refused = "RangeError JSON.parse: the values contain each other too deeply"
	expect(t, got, "1 20001", refused, refused, refused, "[ 2 ] 2 parse 0")
}
