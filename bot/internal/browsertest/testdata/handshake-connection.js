const answered = (what, ...lines) => (next) => {
  const ws = new WebSocket(respond(...lines));
  ws.onopen = () => { print(what, 'open'); ws.close(); };
  ws.onerror = (e) => print(what, 'error', ws.readyState);
  ws.onclose = (e) => { print(what, 'close', e.code, JSON.stringify(e.reason), e.wasClean); next(); };
};
inTurn(
  answered('missing', ...accepted.filter((line) => !line.startsWith('Connection'))),
  answered('close', ...accepted.slice(0, 2), 'Connection: close', accepted[3]),
  answered('upper case', ...accepted.slice(0, 2), 'CONNECTION: UPGRADE', accepted[3]),
  answered('with others', ...accepted.slice(0, 2), 'Connection: keep-alive, Upgrade', accepted[3]),
  answered('twice', ...accepted, 'Connection: keep-alive'),
  answered('twice the same', ...accepted, 'Connection: Upgrade'),
);
