const answered = (what, ...lines) => (next) => {
  const ws = new WebSocket(respond(...lines));
  ws.onopen = () => { print(what, 'open'); ws.close(); };
  ws.onerror = (e) => print(what, 'error', ws.readyState);
  ws.onclose = (e) => { print(what, 'close', e.code, JSON.stringify(e.reason), e.wasClean); next(); };
};
inTurn(
  answered('unknown', ...accepted, 'X-Other: 1', 'Server: mine'),
  answered('no colon', ...accepted, 'nonsense'),
  answered('empty name', ...accepted, ': x'),
  answered('folded', ...accepted, 'X-Other: 1', '  more'),
  answered('length', ...accepted, 'Content-Length: 0'),
  answered('chunked', ...accepted, 'Transfer-Encoding: chunked'),
  answered('version', ...accepted, 'Sec-WebSocket-Version: 13'),
  answered('space before the colon', ...accepted, 'X-Other : 1'),
);
