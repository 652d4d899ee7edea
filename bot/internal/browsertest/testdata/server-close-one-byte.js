const ws = watch(new WebSocket(wsURL + '/do?hex=880103'), 'socket', serverLog);
