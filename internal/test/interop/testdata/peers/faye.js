'use strict';
// npm faye-websocket 0.11.4, with websocket-driver 0.7.4, the last one that speaks hixie, and
// permessage-deflate 0.1.7.

const http = require('http');
const WebSocket = require('faye-websocket');
const deflate = require('permessage-deflate');
const {report, connected, run, listen} = require('./peer');

function attach(ws, header) {
  ws.on('message', ({data}) => typeof data === 'string'
    ? report('text', {data})
    : report('binary', {data: data.toString('base64')}));
  ws.on('close', ({code, reason}) => report('close', {code, reason}));
  connected({
    text: (data) => ws.send(data),
    binary: (data) => ws.send(data),
    ping: (data) => ws.ping(data, () => report('pong', {data})),
    close: (_, {code, reason}) => ws.close(code || undefined, reason),
  });
  ws.on('open', () => report('open', {protocol: ws.protocol, header: header()}));
}

const extensions = (options) => options.perMessageDeflate ? [deflate] : [];

run({
  server(options) {
    const server = http.createServer();
    server.on('upgrade', (request, socket, head) => {
      if (request.url === '/refuse') {
        socket.end('HTTP/1.1 403 Forbidden\r\nX-Reason: because\r\nContent-Length: 7\r\n\r\nnot you');
        return;
      }
      attach(new WebSocket(request, socket, head, ['b'], {extensions: extensions(options)}), () => request.headers);
    });
    listen(server);
  },

  client({url, protocols, headers = {}, origin, ...options}) {
    if (origin) headers.Origin = origin;
    const ws = new WebSocket.Client(url, protocols, {headers, extensions: extensions(options)});
    ws.on('error', ({message}) => ws.statusCode
      ? report('refused', {status: ws.statusCode})
      : report('error', {message}));
    attach(ws, () => ws.headers);
  },
});
