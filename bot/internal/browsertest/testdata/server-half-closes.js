const ws = watch(new WebSocket(wsURL + '/do?text=a&halfclose'), 'socket', serverLog);
