// A connection that fails makes way for the next.
const order = [];
const open = (name, url) => { const ws = new WebSocket(url); ws.onopen = () => { order.push(name + ' open'); ws.close(); }; ws.onerror = () => order.push(name + ' error'); return new Promise((resolve) => { ws.onclose = resolve; }); };
Promise.all([open('a', wsURL + '/hold?a'), open('b', respond('HTTP/1.1 404 Not Found', 'Content-Length: 0')), open('c', wsURL + '/hold?c')]).then(() => { print(order.join()); done(); });
