'use strict';
// npm ws 8.

const fs = require('fs');
const http = require('http');
const https = require('https');
const WebSocket = require('ws');
const {report, connected, run, listen, refusal} = require('./peer');

function attach(ws, header) {
  ws.on('message', (data, binary) => binary
    ? report('binary', {data: data.toString('base64')})
    : report('text', {data: data.toString()}));
  ws.on('ping', (data) => report('ping', {data: data.toString()}));
  ws.on('pong', (data) => report('pong', {data: data.toString()}));
  ws.on('close', (code, reason) => report('close', {code, reason: reason.toString()}));
  connected({
    text: (data) => ws.send(data),
    binary: (data) => ws.send(data),
    fragments: (parts) => parts.forEach((part, i) => ws.send(part, {fin: i === parts.length - 1})),
    ping: (data) => ws.ping(data),
    close: (_, {code, reason}) => code ? ws.close(code, reason) : ws.close(),
  });
  report('open', {protocol: ws.protocol, extensions: ws.extensions, header});
}

run({
  server({cert, key, perMessageDeflate = false}) {
    const server = cert
      ? https.createServer({cert: fs.readFileSync(cert), key: fs.readFileSync(key)})
      : http.createServer();
    new WebSocket.Server({
      server,
      perMessageDeflate,
      handleProtocols: (protocols) => [...protocols].pop(),
      verifyClient: ({req}, done) => req.url === '/refuse'
        ? done(false, 403, 'not you', {'X-Reason': 'because'})
        : done(true),
    }).on('connection', (ws, request) => {
      ws.on('error', (error) => report('error', {message: error.message}));
      attach(ws, request.headers);
    });
    listen(server);
  },

  client({url, protocols, headers, origin, perMessageDeflate = false}) {
    const ws = new WebSocket(url, protocols, {headers, origin, perMessageDeflate, rejectUnauthorized: false});
    let header;
    ws.on('upgrade', (response) => { header = response.headers; });
    ws.on('open', () => attach(ws, header));
    ws.on('unexpected-response', (request, response) => refusal(response));
    ws.on('error', (error) => report('error', {message: error.message}));
  },
});
