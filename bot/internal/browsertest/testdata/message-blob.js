const ws = new WebSocket(wsURL + '/do?binary=61e282ac&binary=&close=1000,');
const blobs = [];
ws.onmessage = ({data}) => blobs.push(data);
ws.onclose = async () => {
  for (const blob of blobs) {
    print(blob instanceof Blob, Object.prototype.toString.call(blob), blob.size, JSON.stringify(blob.type));
    print(JSON.stringify(await blob.text()), Array.from(new Uint8Array(await blob.arrayBuffer())).join());
  }
  done();
};
