// Microtasks run between events, before the next task.
const ws = new WebSocket(wsURL + '/do?text=1&text=2&text=3&close=1000,');
ws.onmessage = ({data}) => {
  print('message', data);
  Promise.resolve().then(() => { print('promise', data); queueMicrotask(() => print('inner', data)); });
  queueMicrotask(() => print('microtask', data));
};
ws.onclose = () => { print('close'); Promise.resolve().then(() => print('promise')).then(done); };
