const ws = watch(new WebSocket(wsURL + '/do?text=a&text=b&close=1001,going'), 'socket', serverLog);
