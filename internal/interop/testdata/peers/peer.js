'use strict';
// What the peers in JavaScript share. A peer is told what to do by lines of JSON on its standard
// input, tells what happens by lines of JSON on its standard output, and ends when its input does.

const readline = require('readline');

let commands = {};

exports.report = (event, fields) => console.log(JSON.stringify({event, ...fields}));

// connected has what is told from now on done by the functions of table: text, binary, fragments,
// ping and close, as far as the implementation can.
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

// listen starts an http.Server and tells its port.
exports.listen = (server) => server.listen(0, '127.0.0.1', () => exports.report('listening', {port: server.address().port}));

// refusal tells of the response that came instead of an open connection.
exports.refusal = (response) => {
  let body = '';
  response.on('data', (data) => { body += data; });
  response.on('end', () => exports.report('refused', {status: response.statusCode, body}));
};
