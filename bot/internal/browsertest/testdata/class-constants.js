for (const name of ['CONNECTING', 'OPEN', 'CLOSING', 'CLOSED'])
  for (const [where, object] of [['WebSocket', WebSocket], ['prototype', WebSocket.prototype]]) {
    const {value, writable, enumerable, configurable} = Object.getOwnPropertyDescriptor(object, name);
    print(where, name, value, writable, enumerable, configurable);
  }
WebSocket.OPEN = 7;
delete WebSocket.CLOSED;
print(WebSocket.OPEN, WebSocket.CLOSED);
done();
