package bot_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/airsocket/airsocket/bot"
)

// inspectClasses prints what a script can find out about classes.
const inspectClasses = `
	const show = (f) => typeof f == "function" ? f.name + "/" + f.length : String(f);
	const inspect = () => {
		for (const C of [Event, MessageEvent, EventTarget, WebSocket, AbortSignal, DOMException, URL, Headers]) {
			const p = C.prototype;
			console.log(C.name, Object.getPrototypeOf(p).constructor.name, Object.isExtensible(p), p.hasOwnProperty("constructor"));
			for (const key of Reflect.ownKeys(p)) {
				const d = Object.getOwnPropertyDescriptor(p, key);
				console.log(String(key), "value" in d ? show(d.value) : show(d.get) + " " + show(d.set), d.writable, d.enumerable, d.configurable);
			}
			console.log(Object.keys(p).join(), Object.getOwnPropertySymbols(p).map(String).join());
		}
	};
	const loop = (o) => { const keys = []; for (const key in o) keys.push(key); return keys.join(); };
`

// TestClassesThatAreUsed checks that scripts do not see which members of a class they have
// used: these are made when they are first used.
func TestClassesThatAreUsed(t *testing.T) {
	const use = `
		const e = new MessageEvent("x", {data: 1});
		e.initEvent; e.preventDefault(); e.returnValue = true; e.data; e.type; e.AT_TARGET; e.constructor;
		"stopPropagation" in e; e.unknown; e.unknown = 1;
		new EventTarget().addEventListener("x", () => {});
		WebSocket.prototype.send; WebSocket.prototype.CLOSED; try { WebSocket.prototype.url } catch {}
		loop(e);
	`
	fresh, err := run(t, "a.js", inspectClasses+"inspect()", nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(fresh) < 100 || !slices.Contains(fresh, "returnValue get returnValue/0 set returnValue/1 undefined true true") {
		t.Errorf("the script has printed only\n%s", strings.Join(fresh, "\n"))
	}
	used, err := run(t, "a.js", inspectClasses+use+"inspect()", nil)
	if err != nil {
		t.Fatal(err)
	}
	expect(t, used, fresh...)
}

// TestClassesThatAreChanged checks what scripts do with the prototypes of classes, before and
// after they have looked at them.
func TestClassesThatAreChanged(t *testing.T) {
	const inherited = "type,target,srcElement,currentTarget,eventPhase,bubbles,cancelable,defaultPrevented,composed,timeStamp,cancelBubble,returnValue,composedPath,stopPropagation,stopImmediatePropagation,preventDefault,initEvent"
	for _, test := range []struct{ name, script, want string }{
		{"for-in", `print(loop(new MessageEvent("x")))`, "isTrusted,data,origin,lastEventId,source,ports,NONE,CAPTURING_PHASE,AT_TARGET,BUBBLING_PHASE," + inherited},
		{"for-in, nested", `for (const k in new AbortController()) print(k, loop(Object.create(new AbortController())), new Event("x") instanceof Event)`, "signal signal,abort true|abort signal,abort true"},
		{"for-in over a prototype", `print(loop(AbortController.prototype))`, "signal,abort"},
		{"identity", `const e = new Event("x"); print(e.preventDefault === e.preventDefault, e.preventDefault === new Event("y").preventDefault, e.preventDefault === Object.getOwnPropertyDescriptor(Event.prototype, "preventDefault").value, e.constructor === Event)`, "true true true true"},
		{"a method replaced", `const old = EventTarget.prototype.addEventListener; EventTarget.prototype.addEventListener = function (...a) { print(a[0]); old.apply(this, a) }; new AbortController().signal.addEventListener("abort", () => {})`, "abort"},
		{"a member added", `Event.prototype.added = 3; print(new MessageEvent("x").added, "added" in new CloseEvent("y"))`, "3 true"},
		{"a getter replaced", `Object.defineProperty(CloseEvent.prototype, "code", {get() { return 7 }}); print(new CloseEvent("x", {code: 5}).code)`, "7"},
		{"a member deleted", `delete MessageEvent.prototype.data; print("data" in new MessageEvent("x"), delete Event.prototype.type, new Event("x").type)`, "false true undefined"},
		{"a constant", `attempt(() => Object.defineProperty(Event.prototype, "NONE", {value: 9})); attempt(() => { delete Event.prototype.NONE }); attempt(() => { new Event("x").NONE = 9 }); print(new Event("x").NONE)`, "TypeError|TypeError|TypeError|0"},
		{"read only", `const e = new Event("x"); attempt(() => { e.type = "y" }); print(e.type, Reflect.set(e, "type", "y"), Object.keys(e).join())`, "TypeError|x false isTrusted"},
		{"an object's own", `const e = new Event("x"); e.preventDefault = 3; e.mine = 4; print(e.preventDefault, e.mine, Object.keys(e).join())`, "3 4 isTrusted,preventDefault,mine"},
		{"frozen", `Object.freeze(Event.prototype); attempt(() => { Event.prototype.other = 1 }); attempt(() => { Event.prototype.type = 1 }); print(Object.isFrozen(Event.prototype), new Event("x").type, Object.isFrozen(MessageEvent.prototype))`, "TypeError|TypeError|true x false"},
		{"another prototype", `Object.setPrototypeOf(MessageEvent.prototype, {type: "else"}); const e = new MessageEvent("x", {data: 1}); print(e.type, e.data, e instanceof Event)`, "else 1 false"},
		{"a cycle", `attempt(() => Object.setPrototypeOf(Event.prototype, MessageEvent.prototype)); Object.keys(Event.prototype); attempt(() => Object.setPrototypeOf(Event.prototype, new MessageEvent("x"))); print(new Event("x").nothing)`, "TypeError|TypeError|undefined"},
		{"a subclass", `class X extends Event { get type() { return "X" + super.type } preventDefault() { return typeof super.preventDefault } other() { return super.hasOwnProperty("isTrusted") } }
			const x = new X("x"); print(x.type, x.preventDefault(), x.other(), x instanceof X, x instanceof Event, String(x))`, "Xx function true true true [object Event]"},
		{"Reflect", `const e = new Event("x"); print(Reflect.get(Event.prototype, "type", e), Reflect.has(Event.prototype, "type"), Reflect.set(Event.prototype, "cancelBubble", true, e), e.cancelBubble, Reflect.getPrototypeOf(MessageEvent.prototype) === Event.prototype)`, "x true true true true"},
		{"receivers", `attempt(() => Event.prototype.type); attempt(() => { Event.prototype.cancelBubble = true }); attempt(() => Object.create(new Event("x")).type)`, "TypeError|TypeError|TypeError"},
		{"accessors", `const {get, set} = Object.getOwnPropertyDescriptor(Event.prototype, "cancelBubble"); const e = new Event("x"); set.call(e, true); print(get.call(e), String(get))`, "true function get cancelBubble() { [native code] }"},
		{"stack", `try { new Event("x").initEvent() } catch (e) { print(e.stack.split("\n")[1].trim()) }`, "at initEvent (native)"},
		{"builtins replaced", `globalThis.Error = globalThis.Symbol = 3; print(new DOMException("x") instanceof DOMException, Object.getPrototypeOf(DOMException.prototype).name)`, "true Error"},
	} {
		t.Run(test.name, func(t *testing.T) {
			const prelude = `"use strict"; const print = (...args) => console.log(args.map(String).join(" "));
				const attempt = (fn) => { try { fn(); print("done") } catch (e) { print(e.name) } };`
			for _, before := range []string{"", `new MessageEvent("x", {data: 1}).data; new Event("x").preventDefault(); new AbortController().signal;`} {
				got, err := run(t, "a.js", prelude+inspectClasses+before+test.script, new(bot.Options))
				if err != nil {
					t.Fatal(err)
				}
				expect(t, got, strings.Split(test.want, "|")...)
			}
		})
	}
}
