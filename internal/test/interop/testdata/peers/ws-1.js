'use strict';
// npm ws 1.1.5: hixie-76 and version 8 as a server, version 8 as a client.

require('./latin1');
const http = require('http');
const WebSocket = require('ws-1');
const {report, connected, run, listen, refusal} = require('./peer');

function attach(ws, header) {
  ws.on('message', (data, {binary} = {}) => binary
    ? report('binary', {data: data.toString('base64')})
    : report('text', {data}));
  ws.on('ping', (data) => report('ping', {data: data.toString()}));
  ws.on('pong', (data) => report('pong', {data: data.toString()}));
  ws.on('close', (code, reason) => report('close', {code, reason}));
  connected({
    text: (data) => ws.send(data),
    binary: (data) => ws.send(data),
    fragments: (parts) => ws.stream((error, send) => send(parts.shift(), parts.length === 0)),
    ping: (data) => ws.ping(data),
    close: (_, {code, reason}) => ws.close(code || undefined, reason),
  });
  report('open', {protocol: ws.protocol || '', header});
}

run({
  server() {
    const server = http.createServer();
    new WebSocket.Server({
      server,
      verifyClient: ({req}, done) => req.url === '/refuse' ? done(false, 403, 'Forbidden') : done(true),
    }).on('connection', (ws) => {
      ws.on('error', (error) => report('error', {message: error.message}));
      attach(ws, ws.upgradeReq.headers);
    });
    listen(server);
  },

  client({url, protocols, headers, origin, version}) {
    const ws = new WebSocket(url, protocols, {headers, origin, protocolVersion: version});
    let header;
    ws.on('upgrade', (response) => { header = response.headers; });
    ws.on('open', () => attach(ws, header));
    ws.on('unexpected-response', (request, response) => refusal(response));
    ws.on('error', (error) => report('error', {message: error.message}));
  },
});
