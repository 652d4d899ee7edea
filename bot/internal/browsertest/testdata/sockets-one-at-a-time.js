// One connection at a time is being opened to an address.
const open = (name) => new Promise((resolve) => {
  const ws = new WebSocket(wsURL + '/hold?' + name);
  ws.onopen = () => { print(name, 'open'); ws.send('x'); };
  ws.onmessage = resolve;
});
Promise.all([open('a'), open('b'), open('c')]).then(() => {
  const ws = new WebSocket(wsURL + '/log?now');
  ws.onmessage = ({data}) => print(data);
  ws.onclose = done;
});
