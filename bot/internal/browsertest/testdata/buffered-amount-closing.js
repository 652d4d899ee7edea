// What is sent too late counts and never goes out.
const ws = new WebSocket(wsURL + '/describe');
ws.onopen = () => {
  ws.close();
  ws.send('abc');
  print(ws.bufferedAmount);
  ws.send(new Uint8Array(100));
  print(ws.bufferedAmount);
  ws.send(new Blob(['12345']));
  print(ws.bufferedAmount);
};
ws.onmessage = () => print('message');
ws.onclose = () => {
  print(ws.bufferedAmount);
  ws.send('\u20ac');
  print(ws.bufferedAmount);
  ws.send('');
  print(ws.bufferedAmount);
  done();
};
