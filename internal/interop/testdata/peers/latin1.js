'use strict';
// Programs for Node before version 6 give binary strings to hashes. Later versions take these for
// UTF-8, and the programs compute wrong answers to the handshake of hixie-76. This makes hashes
// take them as they were meant.

const crypto = require('crypto');
const {createHash} = crypto;

crypto.createHash = (...args) => {
  const hash = createHash(...args);
  const {update} = hash;
  hash.update = (data, encoding = 'latin1') => update.call(hash, data, encoding);
  return hash;
};
