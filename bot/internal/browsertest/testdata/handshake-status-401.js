const answered = (what, ...lines) => (next) => {
  const ws = new WebSocket(respond(...lines));
  ws.onopen = () => { print(what, 'open'); ws.close(); };
  ws.onerror = (e) => print(what, 'error', ws.readyState);
  ws.onclose = (e) => { print(what, 'close', e.code, JSON.stringify(e.reason), e.wasClean); next(); };
};
inTurn(
  answered('with a challenge', 'HTTP/1.1 401 Unauthorized', 'WWW-Authenticate: Basic realm="r"', 'Content-Length: 0'),
  answered('body', 'HTTP/1.1 403 Forbidden', 'Content-Length: 4', '', 'nope'),
  answered('with the right key', 'HTTP/1.1 200 OK', 'Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Accept: {accept}'),
);
