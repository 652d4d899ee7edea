const ws = watch(new WebSocket(wsURL + '/echo'));
for (const value of ['arraybuffer', 'blob', 'ArrayBuffer', 'Blob', '', 'text', 'nodebuffer', null, undefined, 1, {toString: () => 'arraybuffer'}, 'blob ', ['blob']]) {
  ws.binaryType = 'arraybuffer';
  attempt(String(value), () => { ws.binaryType = value; return ws.binaryType; });
}
attempt('in strict mode', () => { 'use strict'; ws.binaryType = 'other'; return ws.binaryType; });
attempt('symbol', () => { ws.binaryType = Symbol('s'); });
ws.onopen = () => ws.close();
