// Both close frames have been sent when the server resets the connection.
const ws = watch(new WebSocket(wsURL + '/do?close=1000,x&wait&reset'), 'socket', serverLog);
