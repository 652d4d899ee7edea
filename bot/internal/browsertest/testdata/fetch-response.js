const answer = (head, body, ...fields) => fetch(httpURL + '/respond?' + encodeURIComponent([head, ...fields, 'Content-Length: ' + new TextEncoder().encode(body).length, 'Connection: close', '', body].join('\r\n')));
(async () => {
  for (const head of ['HTTP/1.1 200 OK', 'HTTP/1.1 299 Mine Too', 'HTTP/1.1 304 Not Modified', 'HTTP/1.1 400', 'HTTP/1.1 500 ', 'HTTP/1.1 600 Six']) {
    try {
      const response = await answer(head, '');
      print(response.status, JSON.stringify(response.statusText), response.ok, response.type, response.bodyUsed);
    } catch (e) {
      print(e.name);
    }
  }
  print(JSON.stringify(await (await answer('HTTP/1.1 200 OK', '\ufeffgr\u00fcn')).text()));
  print(JSON.stringify(await (await answer('HTTP/1.1 200 OK', '\ufeff{"a":1}')).json()));
  for (const broken of ['', '{', '{"a":1} x']) {
    const response = await answer('HTTP/1.1 200 OK', broken);
    try { print(await response.json()); } catch (e) { print(e.name, response.bodyUsed); }
  }
  for (const type of ['text/Mine;Charset=UTF-8', 'text/mine', '']) {
    const blob = await (await answer('HTTP/1.1 200 OK', 'abc', ...(type ? ['Content-Type: ' + type] : []))).blob();
    print(blob instanceof Blob, blob.size, JSON.stringify(blob.type), await blob.text());
  }
  const bytes = await (await answer('HTTP/1.1 200 OK', 'abc')).bytes();
  print(bytes instanceof Uint8Array, bytes.join());
  const twice = await answer('HTTP/1.1 200 OK', 'abc');
  const [first, second] = await Promise.allSettled([twice.text(), twice.text()]);
  print(first.value, second.status, second.reason.name);
  const {headers} = await answer('HTTP/1.1 200 OK', '', 'X-B: 1', 'x-a:  2 ', 'X-B: 3');
  print(headers.get('x-b'), headers.get('x-a'), [...headers.keys()].filter((name) => name.startsWith('x-')).join());
  for (const change of ['set', 'append', 'delete']) {
    try { headers[change]('a', 'b'); print(change); } catch (e) { print(e.name); }
  }
  print((await answer('HTTP/1.1 200 OK', '', 'X-A: gr\u00fcn')).headers.get('x-a').length);
  const same = await answer('HTTP/1.1 200 OK', '');
  print(same.headers === same.headers);
  const got = await fetch('/request');
  print(got.url, got.redirected);
  print((await fetch('/request#part')).url);
  done();
})();
