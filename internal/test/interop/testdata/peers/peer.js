'use strict';
// Code that the peers in JavaScript share. A peer reads commands as lines of JSON from its
// standard input, writes reports as lines of JSON to its standard output, and exits at the end of
// its input.

const readline = require('readline');

let commands = {};

exports.report = (event, fields) => console.log(JSON.stringify({event, ...fields}));

// connected makes the functions of table run the commands from now on: text, binary, fragments,
// ping and close, as far as the implementation has them.
exports.connected = (table) => { commands = table; };

// run plays the role that the command line names, with the options that follow it.
exports.run = (roles) => {
  const [role, options] = process.argv.slice(2);
  readline.createInterface({input: process.stdin})
    .on('line', (line) => {
      const c = JSON.parse(line);
      commands[c.do](c.do === 'binary' ? Buffer.from(c.data, 'base64') : c.data, c);
    })
    .on('close', () => process.exit());
  roles[role](JSON.parse(options));
};

// listen starts an http.Server and reports its port.
exports.listen = (server) => server.listen(0, '127.0.0.1', () => exports.report('listening', {port: server.address().port}));

// refusal reports the response that came instead of an open connection.
exports.refusal = (response) => {
  let body = '';
  response.on('data', (data) => { body += data; });
  response.on('end', () => exports.report('refused', {status: response.statusCode, body}));
};
