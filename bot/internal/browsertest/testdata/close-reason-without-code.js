const ws = watch(new WebSocket(wsURL + '/echo'), 'socket', serverLog);
ws.onopen = () => { attempt('close', () => ws.close(undefined, 'reason')); ws.close(); };
