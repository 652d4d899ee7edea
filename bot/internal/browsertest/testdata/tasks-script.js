// Nothing happens before the script has ended.
const ws = new WebSocket(wsURL + '/do?text=a&close=1000,');
queueMicrotask(() => print('microtask'));
Promise.resolve().then(() => print('promise'));
ws.onopen = () => print('open');
print('script');
ws.onclose = done;
