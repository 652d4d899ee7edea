// Echoes with npm's ws.
'use strict';
const { WebSocketServer } = require('ws');
const { host, port, compress, broadcast, flood } = require('../flags');

const single = compress === 'single';
const wss = new WebSocketServer({
  host, port, backlog: 4096, maxPayload: flood ? 16 << 20 : 64 << 20,
  perMessageDeflate: compress !== 'off' && {
    serverNoContextTakeover: single, clientNoContextTakeover: single,
    threshold: 512, zlibDeflateOptions: { level: 1 },
  },
});
const fed = Buffer.alloc(64 << 10);
// With -flood: see Answer in internal/server. send does not wait, so that what waits
// must be limited here.
function answer(c, data, binary) {
  if (data.length > 1024) return;
  if (data.toString() !== 'feed') return c.send(data, { binary });
  for (let i = 0; i < 1000; i++) {
    if (c.bufferedAmount > 16 << 20) return;
    c.send(fed);
  }
}
wss.on('connection', (c) => {
  c.on('error', () => {});
  c.on('message', (data, binary) => {
    if (flood) return answer(c, data, binary);
    if (!broadcast) return c.send(data, { binary });
    for (const other of wss.clients) other.send(data, { binary });
  });
});
