// What all scripts have.

// attempt prints what f returns, or which kind of error it throws.
function attempt(what, f) {
  try {
    print(what, '->', String(f()));
  } catch (e) {
    print(what, 'throws', fault(e));
  }
}

function fault(e) {
  return e instanceof DOMException ? `DOMException ${e.name} ${e.code}` : `${e.name}`;
}

// show returns a text for the data of a message, with the first bytes if they are binary.
function show(data) {
  if (typeof data === 'string') return `text ${JSON.stringify(data)}`;
  if (data instanceof Blob) return `Blob of ${data.size} bytes, type "${data.type}"`;
  return `${data.constructor.name} ${Array.from(new Uint8Array(data, 0, Math.min(16, data.byteLength)))} of ${data.byteLength} bytes`;
}

// watch prints the events of a socket. It adds no listener after the one that then is.
function watch(ws, name = 'socket', then = done) {
  ws.addEventListener('open', () => print(name, 'open, state', ws.readyState));
  ws.addEventListener('message', ({data}) => print(name, 'message', show(data)));
  ws.addEventListener('error', () => print(name, 'error, state', ws.readyState));
  ws.addEventListener('close', ({code, reason, wasClean}) => {
    print(name, 'close', code, JSON.stringify(reason), wasClean ? 'clean' : 'not clean', 'state', ws.readyState);
    then();
  });
  return ws;
}

// serverLog prints what the server has seen when all connections have ended.
function serverLog(then = done) {
  const ws = new WebSocket(wsURL + '/log');
  ws.onmessage = ({data}) => { if (data) for (const line of data.split('\n')) print('server:', line); };
  ws.onclose = () => then();
}

// respond returns the URL of a server that answers with these lines.
function respond(...lines) {
  return wsURL + '/respond?' + encodeURIComponent(lines.join('\r\n') + '\r\n\r\n');
}

// accepted has the lines of a server that accepts.
const accepted = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Accept: {accept}'];

// hold calls open, which opens sockets to /hold, and gives what the server tells of them to
// tell. It lets the one that the server has been asked for go on when others have had time
// to ask, too: after two messages in each direction.
function hold(open, tell) {
  const control = new WebSocket(wsURL + '/control');
  control.onopen = open;
  control.onmessage = ({data}) => {
    if (data === 'wait') control.send('go');
    else tell(data);
    if (data.endsWith(' asks')) control.send('wait');
  };
}

// inTurn runs the functions, each when the one before calls its argument, and then done.
function inTurn(...steps) {
  const [first, ...rest] = steps;
  if (first) first(() => inTurn(...rest));
  else done();
}
