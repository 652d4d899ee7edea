const ws = new WebSocket(wsURL + '/do?close=3000,reason');
ws.onclose = (e) => {
  print(e.code, e.reason, e.wasClean, typeof e.code, Object.keys(e).join());
  e.code = 1;
  print(e.code);
  const mine = new CloseEvent('close', {code: 4000, reason: 'r', wasClean: true, bubbles: true});
  print(mine.type, mine.code, mine.reason, mine.wasClean, mine.bubbles, mine.isTrusted, mine.target);
  print(new CloseEvent('x').code, JSON.stringify(new CloseEvent('x').reason), new CloseEvent('x').wasClean);
  done();
};
