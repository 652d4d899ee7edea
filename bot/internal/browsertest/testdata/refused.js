const ws = watch(new WebSocket(closedURL));
print(ws.readyState, ws.url === closedURL + '/');
Promise.resolve().then(() => print('microtask', ws.readyState));
