const ws = new WebSocket(wsURL + '/echo');
ws.onopen = () => {
  print(ws.bufferedAmount);
  ws.send('abc');
  print(ws.bufferedAmount);
  ws.send('\u20ac');
  print(ws.bufferedAmount);
  ws.send('\ud83d\ude00\ud800');
  print(ws.bufferedAmount);
  ws.send(new Uint8Array(10));
  print(ws.bufferedAmount);
  ws.send(new Blob(['12345']));
  print(ws.bufferedAmount);
  ws.send('');
  print(ws.bufferedAmount);
};
let n = 0;
ws.onmessage = () => { if (++n === 6) { print(ws.bufferedAmount); ws.close(); } };
ws.onclose = () => { print(ws.bufferedAmount); done(); };
