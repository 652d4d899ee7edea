// A Blob that has been sent goes out before the close frame.
const ws = watch(new WebSocket(wsURL + '/do?wait&text=got%20it&wait'), 'socket', serverLog);
ws.onopen = () => { ws.send(new Blob(['x'.repeat(1000)])); ws.close(3000, 'mine'); print(ws.readyState, ws.bufferedAmount); };
