// A compressed message of the server, one that is not compressed, and one that is broken.
const ws = watch(new WebSocket(wsURL + '/deflate?hex=c107f248cdc9c90700&wait&hex=810161&wait&hex=c103ffffff'), 'socket', serverLog);
ws.onopen = () => print(ws.extensions);
ws.onmessage = () => ws.send('go on');
