// What is neither binary nor a string is sent as a string.
const all = [1, 1.5, -0, NaN, Infinity, 1e21, 10n, true, null, undefined, {}, [], [1, [2, 3]], {toString: () => 'said'}, new Date(NaN), /a/g, () => 1, new String('boxed'), new Number(7), new URL('http://a.invalid/'), new Error('wrong')];
const ws = watch(new WebSocket(wsURL + '/echo'));
ws.onopen = () => {
  attempt('no argument', () => ws.send());
  attempt('symbol', () => ws.send(Symbol('s')));
  attempt('throws', () => ws.send({toString() { throw new RangeError('mine'); }}));
  attempt('no primitive', () => ws.send(Object.create(null)));
  for (const data of all) print(ws.send(data));
};
let n = 0;
ws.onmessage = () => { if (++n === all.length) ws.close(); };
