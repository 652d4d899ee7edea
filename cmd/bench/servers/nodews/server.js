// Echoes with npm's ws.
'use strict';
const { WebSocketServer } = require('ws');
const { host, port, compress, broadcast } = require('../flags');

const single = compress === 'single';
const wss = new WebSocketServer({
  host, port, backlog: 4096, maxPayload: 64 << 20,
  perMessageDeflate: compress !== 'off' && {
    serverNoContextTakeover: single, clientNoContextTakeover: single,
    threshold: 512, zlibDeflateOptions: { level: 1 },
  },
});
wss.on('connection', (c) => {
  c.on('error', () => {});
  c.on('message', (data, binary) => {
    if (!broadcast) return c.send(data, { binary });
    for (const other of wss.clients) other.send(data, { binary });
  });
});
