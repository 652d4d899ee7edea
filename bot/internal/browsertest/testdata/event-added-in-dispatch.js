const ws = new WebSocket(wsURL + '/do?text=a&text=b&close=1000,');
let n = 0;
ws.addEventListener('message', ({data}) => {
  print('first', data);
  const number = ++n;
  ws.addEventListener('message', ({data}) => print('added', number, data));
});
ws.onclose = done;
