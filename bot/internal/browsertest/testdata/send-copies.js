// send takes the bytes as they are when it is called.
const ws = watch(new WebSocket(wsURL + '/describe'));
ws.onopen = () => {
  const bytes = Uint8Array.of(1, 2, 3);
  ws.send(bytes);
  bytes.fill(9);
  ws.send(bytes.buffer);
  bytes[0] = 7;
};
let n = 0;
ws.onmessage = () => { if (++n === 2) ws.close(); };
