// The type counts when the event is made.
const ws = watch(new WebSocket(wsURL + '/do?binary=01&binary=02&wait&binary=03&binary=04&close=1000,'));
const types = ['arraybuffer', 'blob', 'arraybuffer', 'blob'];
let n = 0;
ws.onmessage = () => { ws.binaryType = types[n++]; if (n === 2) ws.send('next'); };
