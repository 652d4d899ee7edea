const tell = (h) => print(JSON.stringify([...h]));
const fails = (fn) => { try { print(fn()); } catch (e) { print(e.name); } };
const h = new Headers({b: '2', A: ' 1\t', c: '3'});
tell(h);
h.append('A', '4');
h.set('B', '5');
h.append('d', '');
tell(h);
print(h.get('a'), h.get('B'), h.get('d') === '', h.get('none'), h.has('C'), h.has('none'));
print(h.delete('C'), h.delete('none'), h.has('c'));
print([...h.keys()].join(), [...h.values()].join('|'), [...h.entries()].length);
h.forEach((value, name, of) => print(name, value, of === h));
tell(new Headers(h));
tell(new Headers([['z', '1'], ['y', '2'], ['z', '3']]));
tell(new Headers());
print(Object.prototype.toString.call(h), typeof h[Symbol.iterator]);
for (const name of ['', 'a b', 'a:', 'a/b', 'gr\u00fcn', '\u0100', 'a\u007f', "it's", '!#$%&*+-.^_`|~']) {
  fails(() => { const h = new Headers(); h.set(name, '1'); return h.has(name); });
}
for (const value of ['a\u0000b', 'a\nb', 'a\rb', '\na\n', 'gr\u00fcn', '\u0100', 'a\tb', '\u007f', 5, null, undefined]) {
  fails(() => { const h = new Headers(); h.append('a', value); return JSON.stringify(h.get('a')); });
}
fails(() => h.get());
fails(() => h.get('a b'));
fails(() => h.has(''));
fails(() => h.delete('a b'));
fails(() => new Headers([['a']]));
fails(() => new Headers([['a', 'b', 'c']]));
fails(() => new Headers(5));
fails(() => [...new Headers(null)].length);
done();
