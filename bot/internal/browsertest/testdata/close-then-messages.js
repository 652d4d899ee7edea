// Messages that arrive while the state is CLOSING.
const ws = watch(new WebSocket(wsURL + '/do?wait&text=late&binary=00&close=1000,'), 'socket', serverLog);
ws.onopen = () => ws.close(3000, 'mine');
