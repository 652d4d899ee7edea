// It does not go down within a task, nor in its microtasks.
const ws = new WebSocket(wsURL + '/echo');
ws.onopen = async () => {
  ws.send('abc');
  for (let i = 0; i < 100; i++) await null;
  print(ws.bufferedAmount);
  for (const end = performance.now() + 20; performance.now() < end;);
  print(ws.bufferedAmount);
};
ws.onmessage = () => { print(ws.bufferedAmount); ws.close(); };
ws.onclose = done;
