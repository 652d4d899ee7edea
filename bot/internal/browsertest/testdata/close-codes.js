const ws = watch(new WebSocket(wsURL + '/echo'));
ws.onopen = () => {
  for (const code of [0, 1, 999, 1001, 1002, 1005, 1006, 1015, 2999, 5000, 65535, 65536 + 1001, -1, NaN, Infinity, null, '', 'a', {}, [], '1001', 4999.5 + 1, 65536 + 3000, true])
    attempt(`${typeof code} ${String(code)}`, () => ws.close(code));
  attempt('symbol', () => ws.close(Symbol('s')));
  attempt('BigInt', () => ws.close(1000n));
  attempt('throws', () => ws.close({valueOf() { throw new RangeError('mine'); }}));
  print(ws.readyState);
  ws.close('3999');
};
