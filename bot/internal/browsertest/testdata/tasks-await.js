const opened = (ws) => new Promise((resolve, reject) => { ws.onopen = () => resolve(ws); ws.onerror = () => reject(new Error('cannot open')); });
const message = (ws) => new Promise((resolve) => { ws.onmessage = ({data}) => resolve(data); });
(async () => {
  const ws = await opened(new WebSocket(wsURL + '/echo'));
  for (const text of ['one', 'two', 'three']) {
    ws.send(text);
    print(await message(ws));
  }
  ws.close(1000);
  await new Promise((resolve) => { ws.onclose = resolve; });
  try { await opened(new WebSocket(closedURL)); } catch (e) { print(e.message); }
  done();
})();
