const ws = watch(new WebSocket(wsURL + '/hang'));
ws.close(3000, 'not any more');
print(ws.readyState, ws.bufferedAmount);
Promise.resolve().then(() => print('microtask, state', ws.readyState));
