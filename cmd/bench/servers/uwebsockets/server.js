// Echoes with uWebSockets, which is built into Bun.
'use strict';
const { host, port, path, compress, broadcast } = require('../flags');

const zip = compress !== 'off';
const compressor = compress === 'takeover' ? '256KB' : 'shared'; // a window of its own, or none
const longest = 64 << 20; // as in the server of this library

const server = Bun.serve({
  ...(path ? { unix: path } : { hostname: host, port }), idleTimeout: 0,
  fetch(request, server) {
    if (!server.upgrade(request)) return new Response('not a WebSocket handshake', { status: 426 });
  },
  websocket: {
    maxPayloadLength: longest, backpressureLimit: longest, idleTimeout: 0, sendPings: false,
    perMessageDeflate: zip && { compress: compressor, decompress: compressor },
    open(ws) { if (broadcast) ws.subscribe('all'); },
    message(ws, message) {
      if (broadcast) server.publish('all', message, zip);
      else ws.send(message, zip);
    },
  },
});
