const ws = new WebSocket(wsURL + '/do?text=a&text=b&close=1000,');
ws.onopen = function (e) { print(this === ws, arguments.length, e.type); };
ws.addEventListener('open', function () { 'use strict'; print(this === ws); });
const object = {handleEvent(e) { print(this === object, e.type, e.data); this.handleEvent = () => print('changed'); }};
ws.addEventListener('message', object);
ws.addEventListener('close', () => done());
