const ws = new WebSocket(wsURL + '/do?text=a&wait&hex=ff00');
for (const type of ['open', 'message', 'error', 'close'])
  ws.addEventListener(type, () => { print(type); if (type === 'message') ws.send('x'); throw new Error('in ' + type); });
ws.addEventListener('close', () => setTimeout(done, 0));
