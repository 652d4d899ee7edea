const ws = watch(new WebSocket(wsURL + '/do?hex=080203e8'), 'socket', serverLog);
