// A message that has not been delivered waits for no handler: what is not listened to is lost.
const ws = new WebSocket(wsURL + '/do?text=a&text=b&close=1000,');
ws.addEventListener('message', ({data}) => {
  print('listener', data);
  queueMicrotask(() => { ws.onmessage = ({data}) => print('handler', data); });
});
ws.onclose = done;
