print(Object.keys(WebSocket).join());
print(Object.getOwnPropertyNames(WebSocket.prototype).sort().join());
done();
