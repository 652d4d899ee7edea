const ws = watch(new WebSocket(wsURL + '/do?text=a&hex=810561&end'), 'socket', serverLog);
