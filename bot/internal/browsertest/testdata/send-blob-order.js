// A Blob is sent in the order of the calls.
const ws = watch(new WebSocket(wsURL + '/describe'), 'socket', serverLog);
ws.onopen = () => { ws.send('before'); ws.send(new Blob(['in a blob'])); ws.send('after'); ws.send(new Blob(['x'])); ws.send(Uint8Array.of(1)); };
let n = 0;
ws.onmessage = () => { if (++n === 5) ws.close(3000); };
