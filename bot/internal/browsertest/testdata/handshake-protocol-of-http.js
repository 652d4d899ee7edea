const answered = (what, ...lines) => (next) => {
  const ws = new WebSocket(respond(...lines));
  ws.onopen = () => { print(what, 'open'); ws.close(); };
  ws.onerror = (e) => print(what, 'error', ws.readyState);
  ws.onclose = (e) => { print(what, 'close', e.code, JSON.stringify(e.reason), e.wasClean); next(); };
};
inTurn(
  answered('HTTP/1.0', 'HTTP/1.0 101 Switching Protocols', ...accepted.slice(1)),
  answered('HTTP/1.0 404', 'HTTP/1.0 404 Not Found', 'Content-Length: 0'),
  answered('without reason', 'HTTP/1.1 101', ...accepted.slice(1)),
  answered('other reason', 'HTTP/1.1 101 Web Socket Protocol Handshake', ...accepted.slice(1)),
  answered('lower case', 'http/1.1 101 Switching Protocols', ...accepted.slice(1)),
  answered('HTTP/0.9', 'hello'),
  answered('HTTP/2', 'HTTP/2.0 101 Switching Protocols', ...accepted.slice(1)),
  answered('another protocol', 'SSH-2.0-OpenSSH_9.2', ''),
  answered('100 first', 'HTTP/1.1 100 Continue', '', ...accepted),
);
