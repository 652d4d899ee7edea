const ws = new WebSocket(httpURL + '/echo');
print(ws.url);
watch(ws);
ws.onopen = () => ws.send('hello');
ws.onmessage = () => ws.close(1000);
