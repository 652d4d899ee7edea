const ws = new WebSocket(wsURL + '/echo');
ws.url = 'other'; // ignored
print(ws.url);
attempt('strict', () => { 'use strict'; ws.url = 'other'; return 'ignored'; });
attempt('on the prototype', () => WebSocket.prototype.url);
watch(ws);
ws.onopen = () => ws.close();
