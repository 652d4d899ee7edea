const ws = watch(new WebSocket(wsURL + '/do?close=1000,x&end'));
