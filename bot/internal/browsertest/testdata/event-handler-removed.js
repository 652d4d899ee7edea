const ws = new WebSocket(wsURL + '/do?text=1&text=2&text=3&close=1000,');
ws.onmessage = ({data}) => { print('handler', data); if (data === '2') ws.onmessage = null; };
ws.addEventListener('message', ({data}) => print('listener', data, ws.onmessage === null));
ws.onclose = () => { ws.onclose = () => print('never'); done(); };
