const ws = watch(new WebSocket(wsURL + '/do?text=good&wait&hex=817f000000000000000161&text=late'), 'socket', serverLog);
ws.onmessage = () => ws.send('go on');
