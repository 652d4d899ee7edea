// What a script keeps does not change when more is received.
const kept = [];
const ws = new WebSocket(wsURL + '/do?binary=6161&binary=6262&wait&binary=6363&binary=6464&wait&binary=6565&close=1000,');
ws.onmessage = ({data}) => {
  kept.push(data);
  if (kept.length === 2) { ws.binaryType = 'arraybuffer'; ws.send('more'); }
  if (kept.length === 4) ws.send('more');
};
ws.onclose = async () => {
  for (const data of kept) print(data instanceof Blob ? await data.text() : new TextDecoder().decode(data));
  done();
};
