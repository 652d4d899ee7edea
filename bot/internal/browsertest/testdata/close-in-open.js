const ws = watch(new WebSocket(wsURL + '/do?text=a&text=b'), 'socket', serverLog);
ws.onopen = () => { ws.close(1000); print('closing'); };
