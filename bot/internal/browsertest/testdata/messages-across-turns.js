// Messages that come one by one, each an answer to the one before.
const ws = watch(new WebSocket(wsURL + '/do?text=1&wait&text=2&wait&binary=03&wait&text=4&close=1000,'));
ws.onmessage = ({data}) => ws.send(typeof data === 'string' ? data : new Uint8Array(1));
