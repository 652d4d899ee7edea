const ws = watch(new WebSocket(wsURL + '/do?text=a&text=b&text=c'), 'socket', serverLog);
ws.onmessage = () => { ws.close(3000, 'enough'); print(ws.readyState); };
