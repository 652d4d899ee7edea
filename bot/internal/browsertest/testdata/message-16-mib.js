const ws = new WebSocket(wsURL + '/do?big=16777216&close=1000,');
ws.binaryType = 'arraybuffer';
ws.onmessage = ({data}) => print(data.byteLength, new Uint8Array(data, 1 << 20, 5).join());
ws.onclose = (e) => { print(e.code); done(); };
