'use strict';
// The WebSocket of a browser, driven as peer.js describes: commands are calls of obey, and reports
// go to the function tell. This script runs in a page of the server that it connects to.

let socket;

function report(event, fields) {
  tell(JSON.stringify({event, ...fields}));
}

function base64(buffer) {
  let s = '';
  for (const byte of new Uint8Array(buffer)) s += String.fromCharCode(byte);
  return btoa(s);
}

function connect({url, protocols = [], blobs = false}) {
  socket = new WebSocket(url, protocols);
  socket.binaryType = blobs ? 'blob' : 'arraybuffer';
  socket.onopen = () => report('open', {protocol: socket.protocol, extensions: socket.extensions});
  socket.onmessage = async ({data}) => typeof data === 'string'
    ? report('text', {data})
    : report('binary', {data: base64(data instanceof Blob ? await data.arrayBuffer() : data)});
  socket.onclose = ({code, reason}) => report('close', {code, reason});
  socket.onerror = () => report('error');
}

const commands = {
  text: ({data}) => socket.send(data),
  binary({data}) {
    const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
    socket.send(socket.binaryType === 'blob' ? new Blob([bytes]) : bytes);
  },
  close: ({code, reason}) => code ? socket.close(code, reason) : socket.close(),
};

function obey(command) {
  commands[command.do](command);
}
