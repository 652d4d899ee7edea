// A connection that fails makes way for the next. Chromium may tell of the failure only after
// that one is open.
const order = [];
const open = (name, url) => new Promise((resolve) => {
  const ws = new WebSocket(url);
  ws.onopen = () => { order.push(name + ' open'); ws.close(); };
  ws.onerror = () => order.push(name + ' error');
  ws.onclose = resolve;
});
Promise.all([open('a', wsURL + '/echo'), open('b', respond('HTTP/1.1 404 Not Found', 'Content-Length: 0')), open('c', wsURL + '/echo')]).then(() => { print(order.sort().join()); done(); });
