// close does not hurry: all of a large message goes out first.
const ws = new WebSocket(wsURL + '/describe');
ws.onopen = () => { ws.send('x'.repeat(4 << 20)); ws.close(3000); print(ws.readyState, ws.bufferedAmount); };
ws.onmessage = () => print('message');
ws.onclose = (e) => { print(e.code, e.wasClean, ws.bufferedAmount); serverLog(); };
