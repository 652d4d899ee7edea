'use strict';
// Programs for Node before version 6 pass binary strings to hashes. Later versions take these for
// UTF-8, so that the programs compute wrong answers to the handshake of hixie-76. This makes
// hashes take such strings as Latin-1.

const crypto = require('crypto');
const {createHash} = crypto;

crypto.createHash = (...args) => {
  const hash = createHash(...args);
  const {update} = hash;
  hash.update = (data, encoding = 'latin1') => update.call(hash, data, encoding);
  return hash;
};
