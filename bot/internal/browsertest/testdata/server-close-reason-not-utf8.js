const ws = watch(new WebSocket(wsURL + '/do?hex=880503e8ff4142'), 'socket', serverLog);
