// The page and the request have the same origin.
const ask = async (names, init) => {
  try {
    print(await (await fetch(httpURL + '/request?' + names, init)).text());
  } catch (e) {
    print(e.name);
  }
};
(async () => {
  for (const method of ['GET', 'HEAD', 'POST', 'DELETE', 'Mine']) await ask('Origin,Referer,Accept', {method});
  const forbidden = ['Accept-Charset', 'Accept-Encoding', 'Access-Control-Request-Headers', 'Access-Control-Request-Method', 'Connection',
    'Content-Length', 'Cookie', 'Cookie2', 'Date', 'DNT', 'Expect', 'Host', 'Keep-Alive', 'Origin', 'Referer', 'Set-Cookie', 'TE', 'Trailer',
    'Transfer-Encoding', 'Upgrade', 'Via', 'Proxy-Mine', 'Sec-Mine', 'X-Mine'];
  for (const name of forbidden) {
    const text = await (await fetch(httpURL + '/request?' + name, {headers: {[name]: 'mine'}})).text();
    print(name, text.includes('mine'));
  }
  await ask('Authorization', {headers: {Authorization: 'Basic bWluZQ=='}});
  try { await fetch(httpURL.replace('//', '//user:word@') + '/request'); } catch (e) { print(e.name); }
  try { await fetch(httpURL.replace('//', '//user@') + '/request'); } catch (e) { print(e.name); }
  await ask('Referer', {method: 'POST', body: 'text'});
  print(await (await fetch(httpURL + '/redirect?302,/request?Referer')).text());
  for (const code of [302, 303, 307]) {
    print(await (await fetch(httpURL + '/redirect?' + code + ',/request?Origin,Referer', {method: 'POST', body: 'text'})).text());
  }
  done();
})();
