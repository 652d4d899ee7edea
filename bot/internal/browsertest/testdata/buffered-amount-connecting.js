const ws = new WebSocket(closedURL);
attempt('send', () => ws.send('abc'));
print(ws.bufferedAmount);
ws.close();
attempt('send', () => ws.send('abc'));
print(ws.bufferedAmount);
ws.onclose = () => { print(ws.bufferedAmount); done(); };
