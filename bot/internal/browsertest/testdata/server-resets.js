const ws = watch(new WebSocket(wsURL + '/do?text=a&wait&reset'), 'socket', serverLog);
ws.onmessage = () => ws.send('x');
