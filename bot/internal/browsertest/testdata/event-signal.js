const ws = new WebSocket(wsURL + '/do?text=a&text=b&close=1000,');
const controller = new AbortController();
ws.addEventListener('message', ({data}) => { print('until aborted', data); controller.abort(); }, {signal: controller.signal});
ws.addEventListener('message', ({data}) => print('aborted before', data), {signal: AbortSignal.abort()});
ws.addEventListener('message', ({data}) => print('always', data));
ws.onclose = done;
