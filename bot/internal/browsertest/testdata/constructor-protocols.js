const closed = (protocols) => { const ws = new WebSocket(wsURL + '/echo', protocols); ws.close(); return `protocol ${JSON.stringify(ws.protocol)}`; };
for (const p of ['a', '', 'a b', 'a,b', 'a\tb', 'a\n', '\u00e9', 'a/b', 'a"b', '(a)', '<a>', 'a@b', 'a;b', 'a:b', 'a\\b', '[a]', 'a?b', '{a}', 'a=b', '!#$%&\'*+-.^_`|~', '\x7f', 'soap', 'Sec-WebSocket-Protocol'])
  attempt(JSON.stringify(p), () => closed(p));
for (const p of [[], ['a'], ['a', 'b'], ['a', 'a'], ['a', 'A'], ['a', 'b', 'a'], [''], ['a', ''], ['a,b'], [undefined], [null], [1, 2], [1, '1'], [['a', 'b']], [['a'], ['b']], [{}], [true]])
  attempt(JSON.stringify(p), () => closed(p));
attempt('undefined', () => closed(undefined));
attempt('null', () => closed(null));
attempt('number', () => closed(7));
attempt('true', () => closed(true));
attempt('object', () => closed({}));
attempt('object with toString', () => closed({toString: () => 'chat'}));
attempt('symbol', () => closed(Symbol('s')));
attempt('set', () => closed(new Set(['a', 'b'])));
attempt('String', () => closed(new String('ab')));
attempt('String with twice the same letter', () => closed(new String('aa')));
attempt('sparse array', () => closed([, 'a']));
done();
