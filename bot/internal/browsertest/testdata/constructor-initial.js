const ws = new WebSocket(wsURL + '/echo');
print(ws.readyState, JSON.stringify(ws.protocol), JSON.stringify(ws.extensions), ws.bufferedAmount, ws.binaryType, ws.url);
print(ws.onopen, ws.onmessage, ws.onerror, ws.onclose);
ws.onopen = () => { print(ws.readyState, JSON.stringify(ws.protocol)); ws.close(); print(ws.readyState); };
ws.onclose = () => { print(ws.readyState, ws.url, ws.bufferedAmount); done(); };
