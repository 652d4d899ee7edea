const ws = watch(new WebSocket(wsURL + '/do?close=1000,%E2%82%AC%F0%9F%98%80'), 'socket', serverLog);
