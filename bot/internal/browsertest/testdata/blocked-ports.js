const blocked = (port) => (next) => {
  const ws = new WebSocket(`ws://127.0.0.1:${port}/`);
  print(port, ws.readyState, ws.url);
  ws.onerror = () => print('error', ws.readyState);
  ws.onclose = (e) => { print('close', e.code, e.wasClean); next(); };
};
inTurn(...[0, 1, 25, 6000, 6667, 10080].map(blocked));
