// Calls everything that a bot has with arguments, and for objects, that do what no program
// would. bot.args are the names of the globals.
const boom = () => { throw boom };
const trap = new Proxy({}, { get: () => boom });
const revoked = target => { const { proxy, revoke } = Proxy.revocable(target, {}); revoke(); return proxy };
const lie = object => Object.defineProperties(object, {
  byteLength: { value: 2 ** 40 }, byteOffset: { value: -7 }, length: { value: 2 ** 40 }, BYTES_PER_ELEMENT: { get: boom },
  buffer: { value: new ArrayBuffer(1) }, constructor: { get: boom }, [Symbol.toStringTag]: { get: boom }, toString: { value: 3 },
});
const options = {};
for (const name of ["capture", "once", "passive", "signal", "detail", "bubbles", "data", "code", "reason", "type", "fatal", "stream", "method", "body", "headers", "redirect"])
  Object.defineProperty(options, name, { get: boom, enumerable: true });
const failed = new Error("failed");
for (const name of ["stack", "message", "name", "toString"]) Object.defineProperty(failed, name, { get: boom });
let deep = {};
for (let i = 0; i < 100_000; i++) deep = i % 2 ? [deep] : { deep };
const tampered = new Map([[1, 2]]);
tampered[Symbol.iterator] = () => [3, 4][Symbol.iterator]();
// To convert such an array to a string would take the engine hours.
const huge = () => Object.assign(new Array(4294967295), { toString: () => "huge" });
const holes = new Map([[huge(), new Set([huge()])]]);
const unlike = Object.create(null);

const values = () => [
  undefined, null, true, NaN, -0, Infinity, -1, 2 ** 31, 2 ** 53, 1e300, 10n, -(2n ** 70n), Symbol("s"), "", "\ud800", "x", "ws://", "%s%d%i%f%o%c%j",
  new Proxy({}, trap), new Proxy(() => 1, trap), revoked({}), revoked(() => 1), revoked([]),
  huge(), { length: 2 ** 53 - 1 }, { get length() { throw 1 } },
  lie(new Uint8Array(4)), lie(new DataView(new ArrayBuffer(4))), lie(new ArrayBuffer(4)),
  Object.setPrototypeOf(new Uint8Array(4), null), Object.setPrototypeOf(new DataView(new ArrayBuffer(4)), null), Object.setPrototypeOf(new Float64Array(4), new Proxy({}, trap)),
  Object.setPrototypeOf(new Map([[1, 2]]), null), Object.setPrototypeOf(new Set([1]), null), Object.setPrototypeOf(new Date(), null), Object.setPrototypeOf([1], null),
  Object.setPrototypeOf(new Error("e"), null), Object.setPrototypeOf(() => 1, null), Object.setPrototypeOf(/x/, null), Object.create(Uint8Array.prototype), Object.create(Map.prototype),
  new String("x"), new Number(1), Object(1n), Object(Symbol()), new Date(NaN), new Date(9e15),
  unlike, boom, class { }, class { constructor() { throw 1 } }, async () => { throw 1 }, function* () { yield 1 },
  { toString: boom }, { toString: null, valueOf: null }, { [Symbol.toPrimitive]: () => ({}) }, { [Symbol.toPrimitive]: 1 }, { valueOf: boom },
  { [Symbol.iterator]: boom }, { [Symbol.iterator]: () => ({ next: () => null }) }, { [Symbol.iterator]: 3 }, [[1]], [[1, 2, 3]], [[Symbol(), 1]], [Symbol()],
  { handleEvent: 3 }, { get handleEvent() { throw 1 } }, { then: boom }, { get then() { throw 1 } }, options, { signal: {} }, { signal: AbortSignal.abort(failed) },
  failed, Promise.resolve(failed), deep, tampered, holes, { get x() { throw 1 }, set y(v) { } }, globalThis,
];
const others = () => [new EventTarget(), new Event("x"), new Blob(["x"]), new URL("http://x/"), new URLSearchParams("a=1"), new Headers(), new AbortController(), new AbortController().signal,
  new TextDecoder(), new TextEncoder(), new DOMException("x"), crypto, performance, location, console, bot.args, WebSocket.prototype, Object.create(WebSocket.prototype), new Proxy(new EventTarget(), {}), ws];

let calls = 0;
const attempt = (fn, self, args) => {
  calls++;
  try { Reflect.apply(fn, self, args) } catch { }
};
const attack = (fn, selves) => {
  for (const value of values()) {
    for (const self of selves) {
      for (const args of [[value, value, value], ["x", value], ["x", () => 1, value]]) attempt(fn, self, args);
    }
    attempt(fn, value, ["x", "y"]);
    try { Reflect.construct(fn, [value, value]) } catch { }
    try { Reflect.construct(fn, ["x", value], value) } catch { }
  }
  for (const other of others()) attempt(fn, other, [other, other]);
};

const ws = new WebSocket("ws://127.0.0.1:1/");
const seen = new Set();
const objects = [];
for (const name of bot.args) {
  if (name !== "self") objects.push([name, globalThis[name]]);
}
for (const other of others()) objects.push(["one", other]);
for (const [name, object] of objects) {
  if (object === null || typeof object !== "object" && typeof object !== "function") continue;
  if (typeof object === "function" && !seen.has(object)) { seen.add(object); attack(object, [undefined]) }
  for (const holder of [object, object.prototype, Object.getPrototypeOf(object)]) {
    if (!holder || holder === Object.prototype || holder === Function.prototype || holder === Array.prototype) continue;
    const names = holder === console ? Object.keys(console) : Reflect.ownKeys(holder);
    for (const key of names) {
      if (key === "exit" || key === "constructor") continue;
      const d = holder === console ? { value: console[key] } : Object.getOwnPropertyDescriptor(holder, key);
      for (const fn of [d.value, d.get, d.set]) {
        if (typeof fn !== "function" || seen.has(fn)) continue;
        seen.add(fn);
        attack(fn, holder === object ? [object] : [object, ...others().filter(o => holder.isPrototypeOf(o)).slice(0, 1)]);
      }
    }
  }
}
for (const value of values()) {
  setTimeout(() => { throw value });
  setTimeout(async () => { throw value });
  setTimeout(() => queueMicrotask(() => { throw value }));
  const target = new EventTarget();
  try { target.addEventListener("x", value) } catch { }
  try { target.addEventListener("x", () => { throw value }) } catch { }
  target.dispatchEvent(new Event("x"));
}
setTimeout(() => {
  console.log("lives", calls > 10_000);
  bot.exit(0);
}, 100);
