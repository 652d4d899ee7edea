const ws = watch(new WebSocket(wsURL + '/do?close'), 'socket', serverLog);
