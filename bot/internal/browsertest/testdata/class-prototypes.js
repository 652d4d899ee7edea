const ws = new WebSocket(wsURL + '/echo');
print(Object.prototype.toString.call(ws), ws[Symbol.toStringTag], String(ws));
print(Object.getPrototypeOf(ws) === WebSocket.prototype, Object.getPrototypeOf(WebSocket.prototype) === EventTarget.prototype, Object.getPrototypeOf(WebSocket) === EventTarget);
print(WebSocket.prototype.constructor === WebSocket, typeof WebSocket, Object.prototype.toString.call(WebSocket));
const {value, writable, enumerable, configurable} = Object.getOwnPropertyDescriptor(WebSocket.prototype, Symbol.toStringTag);
print(value, writable, enumerable, configurable);
for (const C of [Event, MessageEvent, CloseEvent, EventTarget, Blob, DOMException])
  print(C.name, C.length, C.prototype[Symbol.toStringTag], Object.getPrototypeOf(C.prototype).constructor.name);
ws.close();
done();
