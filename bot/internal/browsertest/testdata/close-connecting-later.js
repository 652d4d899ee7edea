// The server has been asked and does not answer.
const ws = watch(new WebSocket(wsURL + '/hang'));
setTimeout(() => { ws.close(); print('closing', ws.readyState); }, 20);
