const ws = new WebSocket(wsURL + '/do?text=a&close=1000,');
ws.onmessage = (e) => {
  print(e.data, e.origin, JSON.stringify(e.lastEventId), e.source, Array.isArray(e.ports), e.ports.length, Object.isFrozen(e.ports));
  e.data = 'other';
  print(e.data, e instanceof MessageEvent, Object.keys(e).join());
};
ws.onclose = done;
