// Microtasks also run between the listeners of one event.
const ws = new WebSocket(wsURL + '/do?text=1&close=1000,');
ws.addEventListener('message', () => { print('first'); queueMicrotask(() => print('microtask of the first')); });
ws.addEventListener('message', () => { print('second'); Promise.resolve().then(() => print('promise of the second')); });
ws.onclose = done;
