const ws = watch(new WebSocket(wsURL + '/echo'), 'socket', serverLog);
ws.onopen = () => {
  attempt('124', () => ws.close(1000, 'x'.repeat(124)));
  attempt('62 of 2 bytes', () => ws.close(1000, '\u00e9'.repeat(62)));
  attempt('42 of 3 bytes', () => ws.close(1000, '\u20ac'.repeat(42)));
  attempt('31 of 4 bytes', () => ws.close(1000, '\ud83d\ude00'.repeat(31)));
  attempt('42 lone surrogates', () => ws.close(1000, '\ud800'.repeat(42)));
  attempt('bad code and long reason', () => ws.close(1001, 'x'.repeat(124)));
  attempt('symbol', () => ws.close(1000, Symbol('s')));
  print(ws.readyState);
  ws.close(1000, '\u20ac'.repeat(41)); // 123 bytes
};
