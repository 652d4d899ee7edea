const buffer = Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7, 255).buffer;
const all = [buffer, new ArrayBuffer(0), new Uint8Array(buffer), new Uint8Array(buffer, 3), new Uint8Array(buffer, 3, 2), new Uint8Array(buffer, 9), new Uint16Array(buffer, 2, 2), new Int8Array([-1, -128]), new Uint8ClampedArray([300, -5]),
  new Float32Array([1]), new Float64Array([1]), new BigInt64Array([-2n]), new DataView(buffer, 1, 3), new DataView(buffer), new Blob(['a', Uint8Array.of(255), '\u20ac']), new Blob([]), new Blob(['abcdef']).slice(1, 3)];
const ws = watch(new WebSocket(wsURL + '/describe'));
ws.onopen = () => { for (const data of all) ws.send(data); };
let n = 0;
ws.onmessage = () => { if (++n === all.length) ws.close(); };
