// What has been sent before close arrives before it.
const ws = watch(new WebSocket(wsURL + '/describe'), 'socket', serverLog);
ws.onopen = () => { for (let i = 0; i < 5; i++) ws.send(String(i)); ws.close(3000); };
