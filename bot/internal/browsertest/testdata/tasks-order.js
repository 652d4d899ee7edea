const ws = watch(new WebSocket(wsURL + '/echo'));
ws.onopen = () => { print('sends'); ws.send('1'); queueMicrotask(() => ws.send('3')); ws.send('2'); };
let n = 0;
ws.onmessage = () => { if (++n === 3) ws.close(1000); };
