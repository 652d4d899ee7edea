// A close frame between the fragments of a message.
const ws = watch(new WebSocket(wsURL + '/do?hex=010141&close=1000,bye'), 'socket', serverLog);
