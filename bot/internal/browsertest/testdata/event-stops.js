const ws = new WebSocket(wsURL + '/do?text=a&close=1000,');
ws.addEventListener('message', (e) => { print('first'); e.stopPropagation(); e.cancelBubble = false; print(e.cancelBubble); });
ws.addEventListener('message', (e) => { print('second'); e.stopImmediatePropagation(); });
ws.addEventListener('message', () => print('third'));
ws.onclose = done;
