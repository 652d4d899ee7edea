// undefined is as if there were no argument.
const ws = watch(new WebSocket(wsURL + '/echo'), 'socket', serverLog);
ws.onopen = () => ws.close(undefined, undefined);
