const ws = new WebSocket(wsURL + '/do?big=16777216&close=1000,');
ws.binaryType = 'arraybuffer';
ws.onmessage = ({data}) => print(data.byteLength, new Uint8Array(data).every((byte) => byte === 120));
ws.onclose = (e) => { print(e.code); done(); };
