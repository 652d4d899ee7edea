// The flags of the servers in JavaScript, spelled like those of the Go servers.
'use strict';
const { values } = require('util').parseArgs({
  args: process.argv.slice(2).map((a) => a.replace(/^-(?=[a-z])/, '--')),
  options: {
    addr: { type: 'string', default: '127.0.0.1:9001' },
    compress: { type: 'string', default: 'off' },
    flood: { type: 'boolean', default: false },
    broadcast: { type: 'boolean', default: false },
  },
});
const [host, port] = values.addr.split(':');
// unix:@name is in the abstract namespace, as in Go's package net.
const path = host === 'unix' ? port.replace(/^@/, '\0') : undefined;
module.exports = { host, port: +port, path, compress: values.compress, broadcast: values.broadcast };
