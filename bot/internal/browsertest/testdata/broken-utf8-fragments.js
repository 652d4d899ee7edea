const ws = watch(new WebSocket(wsURL + '/do?text=good&wait&hex=0101e28002ffac&text=late'), 'socket', serverLog);
ws.onmessage = () => ws.send('go on');
