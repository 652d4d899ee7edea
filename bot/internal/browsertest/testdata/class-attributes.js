const kind = (object, name) => {
  const d = Object.getOwnPropertyDescriptor(object, name);
  return d ? `${d.get ? 'get' : ''}${d.set ? ' set' : ''}${'value' in d ? typeof d.value : ''} ${d.enumerable} ${d.configurable} ${d.writable}` : 'none';
};
for (const name of ['url', 'readyState', 'bufferedAmount', 'extensions', 'protocol', 'binaryType', 'onopen', 'onmessage', 'onerror', 'onclose', 'send', 'close', 'constructor'])
  print(name, kind(WebSocket.prototype, name));
print('prototype', kind(WebSocket, 'prototype'));
print('WebSocket', kind(globalThis, 'WebSocket'));
const ws = new WebSocket(wsURL + '/echo');
print(Object.getOwnPropertyNames(ws).length, Object.keys(ws).length, 'url' in ws, ws.hasOwnProperty('url'));
print(WebSocket.prototype.send.length, WebSocket.prototype.close.length, WebSocket.prototype.send.name);
print(Object.getOwnPropertyDescriptor(WebSocket.prototype, 'url').get.name, Object.getOwnPropertyDescriptor(WebSocket.prototype, 'onopen').set.name);
ws.close();
done();
