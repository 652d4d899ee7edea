const ws = watch(new WebSocket(wsURL + '/echo'), 'socket', serverLog);
ws.onopen = () => ws.close();
