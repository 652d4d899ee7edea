const ws = watch(new WebSocket(wsURL + '/do?text=good&wait&hex=870161&text=late'), 'socket', serverLog);
ws.onmessage = () => ws.send('go on');
