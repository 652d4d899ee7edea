'use strict';
// npm faye-websocket 0.1.2, of 2011: hixie-75, hixie-76 and versions 8 and 13 as a server. Its
// client relies on internals of the Node of that time.

require('./latin1');
const http = require('http');
const WebSocket = require('faye-websocket-0.1');
const {report, connected, run, listen} = require('./peer');

run({
  server() {
    const server = http.createServer();
    server.on('upgrade', (request, socket, head) => {
      const ws = new WebSocket(request, socket, head);
      ws.onmessage = ({data}) => typeof data === 'string'
        ? report('text', {data})
        : report('binary', {data: data.toString('base64')});
      ws.onclose = ({code, reason}) => report('close', {code, reason});
      connected({
        text: (data) => ws.send(data),
        binary: (data) => ws.send(data),
        ping: (data) => ws.send(data, 'ping'),
        close: (_, {code, reason}) => ws.close(code, reason),
      });
      report('open', {protocol: '', header: request.headers});
    });
    listen(server);
  },
});
