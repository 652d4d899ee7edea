const ws = new WebSocket(wsURL + '/echo');
attempt('connecting', () => ws.send('a'));
attempt('connecting, symbol', () => ws.send(Symbol('s')));
attempt('connecting, no argument', () => ws.send());
attempt('connecting, converts', () => ws.send({toString() { print('asked'); return 'a'; }}));
print(ws.bufferedAmount);
ws.onopen = () => {
  attempt('open', () => ws.send('a'));
  ws.close();
  attempt('closing', () => ws.send('bc'));
  attempt('closing, symbol', () => ws.send(Symbol('s')));
};
ws.onclose = () => {
  attempt('closed', () => ws.send('def'));
  attempt('closed, no argument', () => ws.send());
  print(ws.bufferedAmount);
  done();
};
