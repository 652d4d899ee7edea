const size = 1 << 20;
const ws = new WebSocket(wsURL + '/describe');
ws.onopen = () => { ws.send('x'.repeat(size)); ws.send(new Uint8Array(size).fill(7)); ws.send('\u20ac'.repeat(size)); };
let n = 0;
ws.onmessage = ({data}) => { print(data); if (++n === 3) ws.close(); };
ws.onclose = (e) => { print(e.code, e.wasClean, ws.bufferedAmount); done(); };
