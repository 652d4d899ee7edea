const answered = (what, ...lines) => (next) => {
  const ws = new WebSocket(respond(...lines));
  ws.onopen = () => { print(what, 'open'); ws.close(); };
  ws.onerror = (e) => print(what, 'error', ws.readyState);
  ws.onclose = (e) => { print(what, 'close', e.code, JSON.stringify(e.reason), e.wasClean); next(); };
};
inTurn(
  answered('301 Moved Permanently', 'HTTP/1.1 301 Moved Permanently', `Location: ${wsURL}/echo`, 'Content-Length: 0'),
  answered('302 Found', 'HTTP/1.1 302 Found', `Location: ${wsURL}/echo`, 'Content-Length: 0'),
  answered('303 See Other', 'HTTP/1.1 303 See Other', `Location: ${wsURL}/echo`, 'Content-Length: 0'),
  answered('307 Temporary Redirect', 'HTTP/1.1 307 Temporary Redirect', `Location: ${wsURL}/echo`, 'Content-Length: 0'),
  answered('308 Permanent Redirect', 'HTTP/1.1 308 Permanent Redirect', `Location: ${wsURL}/echo`, 'Content-Length: 0'),
  answered('to http', 'HTTP/1.1 302 Found', `Location: ${httpURL}/echo`, 'Content-Length: 0'),
  answered('without location', 'HTTP/1.1 302 Found', 'Content-Length: 0'),
);
