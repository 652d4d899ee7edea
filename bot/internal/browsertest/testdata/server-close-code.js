const ws = watch(new WebSocket(wsURL + '/do?close=4321,the%20reason'), 'socket', serverLog);
