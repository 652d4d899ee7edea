const ws = new WebSocket(wsURL + '/do?text=a&text=b&close=1000,');
const second = () => print('second');
ws.addEventListener('message', () => { print('first'); ws.removeEventListener('message', second); ws.removeEventListener('message', () => {}); });
ws.addEventListener('message', second);
ws.addEventListener('message', () => print('third'));
ws.removeEventListener('message', () => {});
ws.onclose = done;
