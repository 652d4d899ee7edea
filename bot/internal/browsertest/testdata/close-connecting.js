const ws = watch(new WebSocket(wsURL + '/echo'));
print(ws.readyState);
print(ws.close(), ws.readyState);
ws.close(3000, 'again'); // has no effect
print(ws.readyState);
