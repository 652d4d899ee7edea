// Listeners and handlers run in the order in which they were added; a handler keeps its place.
const ws = new WebSocket(wsURL + '/do?text=1&text=2&close=1000,');
ws.addEventListener('message', () => print('first'));
ws.onmessage = () => print('handler');
ws.addEventListener('message', () => print('second'));
ws.addEventListener('message', ({data}) => {
  if (data !== '1') return;
  ws.onmessage = () => print('other handler');
});
ws.onclose = done;
