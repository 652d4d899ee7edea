// The key is 16 bytes in base64 and differs from connection to connection.
const keys = [];
const key = (next) => {
  const ws = new WebSocket(wsURL + '/headers?Sec-WebSocket-Key');
  ws.onmessage = ({data}) => { keys.push(data.slice(19)); ws.close(); };
  ws.onclose = next;
};
inTurn(key, key, (next) => { print(keys[0] !== keys[1], keys.map((key) => atob(key).length).join()); next(); });
