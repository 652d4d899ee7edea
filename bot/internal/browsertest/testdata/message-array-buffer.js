const ws = watch(new WebSocket(wsURL + '/do?binary=00ff80&binary=&text=t&close=1000,'));
ws.binaryType = 'arraybuffer';
ws.onmessage = ({data}) => {
  if (typeof data === 'string') return;
  print(data instanceof ArrayBuffer, Object.prototype.toString.call(data));
  new Uint8Array(data).fill(1); // it is ours
};
