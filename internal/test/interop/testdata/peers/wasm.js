'use strict';
// A Socket that is compiled to wasm, in Node. The options say where wasm_exec.js and the program are.
// Before version 22, Node has no WebSocket, and that of ws takes its place.

const fs = require('fs');
const peer = require('./peer.js');

globalThis.WebSocket ??= require('ws');
globalThis.tell = console.log;

peer.run({
  client(options) {
    require(options.exec);
    globalThis.ready = () => {
      const told = (data, c) => obey(JSON.stringify(c));
      peer.connected({text: told, binary: told, zeros: told, close: told});
      connect(JSON.stringify(options));
    };
    const go = new Go();
    WebAssembly.instantiate(fs.readFileSync(options.wasm), go.importObject).then(({instance}) => go.run(instance));
  },
});
