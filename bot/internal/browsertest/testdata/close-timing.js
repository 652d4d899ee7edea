// close returns before any event, and the events come in tasks of their own.
const ws = new WebSocket(wsURL + '/echo');
const order = [];
ws.onopen = () => {
  ws.close(1000);
  order.push('after close');
  Promise.resolve().then(() => order.push('microtask'));
};
ws.onclose = () => { order.push('close'); print(order.join()); done(); };
