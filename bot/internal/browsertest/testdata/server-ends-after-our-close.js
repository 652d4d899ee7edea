// The server takes the close frame and does not answer it.
const ws = watch(new WebSocket(wsURL + '/do?wait&end'), 'socket');
ws.onopen = () => ws.close(3000, 'mine');
