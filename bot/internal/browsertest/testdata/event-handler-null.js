// A handler that is removed and set again comes last.
const ws = new WebSocket(wsURL + '/do?text=1&close=1000,');
ws.onmessage = () => print('handler');
ws.addEventListener('message', () => print('listener'));
ws.onmessage = null;
ws.onmessage = () => print('new handler');
ws.onclose = done;
