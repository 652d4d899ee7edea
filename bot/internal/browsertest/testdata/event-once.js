const ws = new WebSocket(wsURL + '/do?text=a&text=b&close=1000,');
ws.addEventListener('message', ({data}) => print('once', data), {once: true});
ws.addEventListener('message', ({data}) => print('always', data), {once: false});
ws.onclose = done;
