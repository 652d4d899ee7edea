const answered = (what, ...lines) => (next) => {
  const ws = new WebSocket(respond(...lines));
  ws.onopen = () => { print(what, 'open'); ws.close(); };
  ws.onerror = (e) => print(what, 'error', ws.readyState);
  ws.onclose = (e) => { print(what, 'close', e.code, JSON.stringify(e.reason), e.wasClean); next(); };
};
inTurn(
  answered('missing', ...accepted.filter((line) => !line.startsWith('Upgrade'))),
  answered('other', 'HTTP/1.1 101 Switching Protocols', 'Upgrade: websockets', ...accepted.slice(2)),
  answered('upper case', 'HTTP/1.1 101 Switching Protocols', 'UPGRADE: WebSocket', ...accepted.slice(2)),
  answered('two', 'HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket, other', ...accepted.slice(2)),
  answered('twice', ...accepted, 'Upgrade: websocket'),
  answered('h2c', 'HTTP/1.1 101 Switching Protocols', 'Upgrade: h2c', ...accepted.slice(2)),
);
