const answered = (what, ...lines) => (next) => {
  const ws = new WebSocket(respond(...lines));
  ws.onopen = () => { print(what, 'open'); ws.close(); };
  ws.onerror = (e) => print(what, 'error', ws.readyState);
  ws.onclose = (e) => { print(what, 'close', e.code, JSON.stringify(e.reason), e.wasClean); next(); };
};
inTurn(
  answered('wrong', 'HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Accept: dGhlIHNhbXBsZSBub25jZQ=='),
  answered('missing', 'HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade'),
  answered('empty', 'HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Accept:'),
  answered('twice', ...accepted, 'Sec-WebSocket-Accept: {accept}'),
  answered('with spaces', ...accepted.slice(0, 3), 'Sec-WebSocket-Accept:    {accept}  '),
  answered('with more', ...accepted.slice(0, 3), 'Sec-WebSocket-Accept: {accept}, x'),
);
