// What a handler dispatches runs within it.
const ws = new WebSocket(wsURL + '/do?text=outer&close=1000,');
ws.onmessage = (e) => {
  print('begin', e.data, e.eventPhase);
  if (e.data === 'outer') ws.dispatchEvent(new MessageEvent('message', {data: 'inner'}));
  print('end', e.data, e.currentTarget === ws);
};
ws.onclose = done;
