// The errors are DOMExceptions, with their prototype chain and constants.
try {
  new WebSocket('ftp://host/');
} catch (e) {
  print(e instanceof DOMException, e instanceof Error, e.name, e.code, e.constructor === DOMException, typeof e.message, e.message !== '');
  print(Object.prototype.toString.call(e), String(e).startsWith('SyntaxError: '), typeof e.stack);
}
const mine = new DOMException('text', 'InvalidStateError');
print(mine.name, mine.message, mine.code, String(mine));
const plain = new DOMException();
print(plain.name, JSON.stringify(plain.message), plain.code, String(plain));
print(new DOMException('a', 'Unknown').code, DOMException.SYNTAX_ERR, DOMException.prototype.INVALID_ACCESS_ERR, mine.INVALID_STATE_ERR);
done();
