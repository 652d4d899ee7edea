const answer = (...lines) => httpURL + '/respond?' + encodeURIComponent(lines.join('\r\n'));
(async () => {
  const response = await fetch(answer('HTTP/1.1 201 Created', 'Content-Type: application/json', 'X-Mine: 1', 'X-Mine: 2', 'Content-Length: 9', 'Connection: close', '', '{"a":[1]}'));
  print(response.status, response.statusText, response.ok, response.redirected, response.headers.get('Content-Type'), response.headers.get('x-mine'), response.headers.has('nothing'), response.headers.get('nothing'));
  print(response.bodyUsed, JSON.stringify(await response.json()), response.bodyUsed);
  try { await response.text(); } catch (e) { print(e.name); }
  const lost = await fetch(answer('HTTP/1.1 404 Not Found', 'Content-Length: 4', 'Connection: close', '', 'lost'));
  print(lost.status, lost.ok, await lost.text());
  try { await fetch(closedURL.replace('ws', 'http')); } catch (e) { print(e.name); }
  try { await fetch('ftp://a/'); } catch (e) { print(e.name); }
  const bytes = await (await fetch(answer('HTTP/1.1 200 OK', 'Content-Length: 3', 'Connection: close', '', 'abc'))).arrayBuffer();
  print(bytes instanceof ArrayBuffer, new Uint8Array(bytes).join());
  done();
})();
