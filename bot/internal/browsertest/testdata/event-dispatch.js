// A script may dispatch events of its own on a socket.
const ws = new WebSocket(wsURL + '/do?close=1000,');
ws.onmessage = (e) => print(e.type, e.data, e.isTrusted, e.target === ws, ws.readyState);
ws.addEventListener('mine', (e) => print(e.type, e.detail, e.isTrusted, e.eventPhase));
print(ws.dispatchEvent(new MessageEvent('message', {data: 'own'})));
print(ws.dispatchEvent(new Event('mine')));
const e = new Event('mine');
ws.addEventListener('mine', (x) => attempt('again', () => ws.dispatchEvent(x)), {once: true});
ws.dispatchEvent(e);
print(e.target === ws, e.currentTarget, e.eventPhase);
ws.onclose = (x) => { print(x.code, x.isTrusted); if (x.isTrusted) done(); };
ws.dispatchEvent(new CloseEvent('close', {code: 4000}));
print(ws.readyState);
