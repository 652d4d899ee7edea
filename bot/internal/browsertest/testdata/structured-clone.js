const original = {a: [1, new Date(0), /x/g], b: new Map([[1, new Set([2])]]), c: Uint8Array.of(1, 2), d: undefined, e: null, f: 10n};
original.self = original;
const copy = structuredClone(original);
print(copy !== original, copy.self === copy, copy.a[1] instanceof Date, copy.a[1].getTime(), String(copy.a[2]), copy.b.get(1).has(2), copy.c.join(), 'd' in copy, copy.e, copy.f);
attempt('function', () => structuredClone(() => 1));
attempt('symbol', () => structuredClone(Symbol('s')));
attempt('nothing', () => structuredClone());
class Mine { constructor() { this.x = 1; } }
print(structuredClone(new Mine()) instanceof Mine, structuredClone(new Mine()).x, structuredClone(new RangeError('r')) instanceof RangeError, structuredClone(new RangeError('r')).message);
done();
