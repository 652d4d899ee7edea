const closed = (url) => { const ws = new WebSocket(url); ws.close(); return ws.url; };
for (const url of ['', '.', '..', '/', '/a', 'a', 'a/b', './a', '../a', '../../../a', '?q', '/a?q=1', '//other.invalid/a', '//other.invalid', 'a b', 'a:b', 'ws:a', 'ws:/a', 'ws:///a', 'http:a', 'http:/a', 'http:', 'https:a', 'wss:a', 'wss:/a/b', '\\a', '\\\\other.invalid\\a', ' a ', '\ta\n', '/a/./b/../c'])
  attempt(JSON.stringify(url), () => closed(url));
done();
