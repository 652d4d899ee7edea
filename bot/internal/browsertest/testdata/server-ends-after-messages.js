const ws = watch(new WebSocket(wsURL + '/do?text=a&text=b&end'), 'socket', serverLog);
