const answered = (what, ...lines) => (next) => {
  const ws = new WebSocket(respond(...lines));
  ws.onopen = () => { print(what, 'open'); ws.close(); };
  ws.onerror = (e) => print(what, 'error', ws.readyState);
  ws.onclose = (e) => { print(what, 'close', e.code, JSON.stringify(e.reason), e.wasClean); next(); };
};
inTurn(
  answered('200 OK', 'HTTP/1.1 200 OK', 'Content-Length: 0'),
  answered('204 No Content', 'HTTP/1.1 204 No Content', 'Content-Length: 0'),
  answered('400 Bad Request', 'HTTP/1.1 400 Bad Request', 'Content-Length: 0'),
  answered('401 Unauthorized', 'HTTP/1.1 401 Unauthorized', 'Content-Length: 0'),
  answered('403 Forbidden', 'HTTP/1.1 403 Forbidden', 'Content-Length: 0'),
  answered('404 Not Found', 'HTTP/1.1 404 Not Found', 'Content-Length: 0'),
  answered('426 Upgrade Required', 'HTTP/1.1 426 Upgrade Required', 'Content-Length: 0'),
  answered('429 Too Many Requests', 'HTTP/1.1 429 Too Many Requests', 'Content-Length: 0'),
  answered('500 Internal Server Error', 'HTTP/1.1 500 Internal Server Error', 'Content-Length: 0'),
  answered('503 Service Unavailable', 'HTTP/1.1 503 Service Unavailable', 'Content-Length: 0'),
);
