const ws = watch(new WebSocket(wsURL + '/echo'), 'socket', () => { ws.close(); ws.close(3002, 'late'); serverLog(); });
ws.onopen = () => { ws.close(3000, 'first'); ws.close(3001, 'second'); ws.close(); };
