// Members of the prototype refuse other objects.
const getter = (name) => Object.getOwnPropertyDescriptor(WebSocket.prototype, name).get;
for (const name of ['url', 'readyState', 'bufferedAmount', 'protocol', 'extensions', 'binaryType', 'onopen'])
  attempt(name, () => getter(name).call({}));
attempt('send', () => WebSocket.prototype.send.call({}, 'a'));
attempt('close', () => WebSocket.prototype.close.call({}));
attempt('null', () => WebSocket.prototype.close.call(null));
attempt('inherited', () => Object.create(new WebSocket(wsURL + '/hang')).readyState);
done();
