// An exception in a listener is reported, and the next one runs.
const ws = watch(new WebSocket(wsURL + '/do?text=a&text=b&close=1000,'));
ws.onmessage = () => { throw new RangeError('from the handler'); };
ws.addEventListener('message', () => { print('next'); });
ws.addEventListener('message', {handleEvent() { throw new Error('from the object'); }});
ws.addEventListener('message', () => { print('last'); });
