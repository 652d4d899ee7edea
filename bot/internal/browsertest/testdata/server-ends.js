const ws = watch(new WebSocket(wsURL + '/do?end'), 'socket', serverLog);
