const show1 = (e) => print(e.type, e.constructor.name, e.target === ws, e.currentTarget === ws, e.srcElement === ws, e.eventPhase, e.bubbles, e.cancelable, e.composed, e.isTrusted, e.defaultPrevented, e.returnValue, e.cancelBubble, typeof e.timeStamp, Object.prototype.toString.call(e), e.composedPath().length);
const ws = new WebSocket(wsURL + '/do?text=a&wait&hex=ff00');
let last;
for (const type of ['open', 'message', 'error', 'close'])
  ws.addEventListener(type, (e) => { show1(e); if (type === 'message') ws.send('x'); if (type === 'error') last = e; });
ws.addEventListener('close', (e) => {
  print(last.currentTarget, last.eventPhase, last.target === ws, last.composedPath().length);
  print(e instanceof CloseEvent, e instanceof Event, last instanceof CloseEvent);
  e.preventDefault();
  print(e.defaultPrevented);
  done();
});
