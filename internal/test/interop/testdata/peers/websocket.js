'use strict';
// npm websocket 1.0.35 (WebSocket-Node): versions 8 and 13.

const http = require('http');
const WebSocket = require('websocket');
const {report, connected, run, listen, refusal} = require('./peer');

function attach(connection, header) {
  connection.on('message', (m) => m.type === 'binary'
    ? report('binary', {data: m.binaryData.toString('base64')})
    : report('text', {data: m.utf8Data}));
  connection.on('ping', (cancel, data) => report('ping', {data: data.toString()}));
  connection.on('pong', (data) => report('pong', {data: data.toString()}));
  connection.on('close', (code, reason) => report('close', {code, reason}));
  connection.on('error', (error) => report('error', {message: error.message}));
  connected({
    text: (data) => connection.sendUTF(data),
    binary: (data) => connection.sendBytes(data),
    fragments(parts) {
      connection.config.fragmentationThreshold = Buffer.byteLength(parts[0]);
      connection.sendUTF(parts.join(''));
    },
    ping: (data) => connection.ping(data),
    close: (_, {code, reason}) => connection.close(code || undefined, reason),
  });
  report('open', {protocol: connection.protocol || '', header});
}

// The default limits of a server are too low: 64 KiB for a frame and 1 MiB for a message.
const limits = {maxReceivedFrameSize: 1 << 24, maxReceivedMessageSize: 1 << 24};

run({
  server() {
    const server = http.createServer();
    new WebSocket.server({httpServer: server, keepalive: false, ...limits}).on('request', (request) => {
      if (request.resource === '/refuse') {
        request.reject(403, 'not you', {'X-Reason': 'because'});
        return;
      }
      const protocol = request.requestedProtocols.at(-1);
      const answers = request.cookies.map(({name, value}) => ({name: `${name}-seen`, value}));
      attach(request.accept(protocol, request.origin, answers), request.httpRequest.headers);
    });
    listen(server);
  },

  client({url, protocols, headers, origin, version = 13}) {
    const client = new WebSocket.client({webSocketVersion: version, ...limits});
    client.on('connect', (connection) => attach(connection, client.response.headers));
    client.on('httpResponse', (response) => refusal(response));
    client.on('connectFailed', (error) => report('error', {message: error.message}));
    client.connect(url, protocols, origin, headers);
  },
});
