const ws = watch(new WebSocket(wsURL + '/do?hex=010161&end'), 'socket', serverLog);
