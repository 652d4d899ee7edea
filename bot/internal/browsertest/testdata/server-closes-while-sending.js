// What was sent before the server has closed, and was not read, is lost without an error.
const ws = watch(new WebSocket(wsURL + '/do?wait&close=4000,enough'));
ws.onopen = () => { for (let i = 0; i < 100; i++) ws.send(String(i)); };
