const ws = watch(new WebSocket(wsURL + '/do?text=good&wait&hex=818137fa213d56&text=late'), 'socket', serverLog);
ws.onmessage = () => ws.send('go on');
