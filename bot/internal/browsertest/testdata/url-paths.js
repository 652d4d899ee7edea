const closed = (path) => { const ws = new WebSocket('ws://host.invalid' + path); ws.close(); return ws.url; };
for (const path of ['/a/../b', '/a/./b', '/a/..', '/a/.', '/../a', '/%2e%2e/a', '/a/%2E/b', '/a/.%2e/b', '/a/...', '/%zz', '/%', '/%2', '/%41', '/a b', '/a%20b', '/\u00e9', '/\u20ac?\u20ac', '/\ud83d\ude00', '/\ud800', '/"<>`', '/{}|^', '?"<>`{}|^\'', '/a\\b', '/a\tb', '/a\nb\r', '/\0', '/\x7f', '/;=,$&+:@!()*~', '/a?\u00e9=\ud800', '/a//b', '/a?a b', '/[]', '/~user'])
  attempt(JSON.stringify(path), () => closed(path));
done();
