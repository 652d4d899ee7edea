// The same listener is added once; capture tells listeners apart.
const ws = new WebSocket(wsURL + '/do?text=a&close=1000,');
const f = ({data}) => print('f', data);
ws.addEventListener('message', f);
ws.addEventListener('message', f);
ws.addEventListener('message', f, {once: true});
ws.addEventListener('message', f, true);
ws.addEventListener('message', f, {capture: true});
ws.addEventListener('message', () => print('end'));
ws.onclose = done;
