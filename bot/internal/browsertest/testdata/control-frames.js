// Pings are answered and not shown.
const ws = watch(new WebSocket(wsURL + '/do?hex=8900&hex=890161&hex=8a0162&hex=8a00&text=a&wait'), 'socket', serverLog);
ws.onmessage = () => ws.send('x');
ws.addEventListener('message', () => setTimeout(() => ws.close(1000), 0));
