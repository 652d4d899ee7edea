const to = (code, path) => httpURL + '/redirect?' + encodeURIComponent(code + ',' + path);
const tell = async (url, init) => {
  try {
    const response = await fetch(url, init);
    print(response.type, response.url, response.redirected, response.status, response.ok, JSON.stringify(await response.text()));
  } catch (e) {
    print(e.name);
  }
};
(async () => {
  for (const code of [301, 302, 303, 307, 308]) {
    print(code);
    await tell(to(code, '/request'));
    await tell(to(code, '/request?Content-Type'), {method: 'POST', body: 'text'});
    await tell(to(code, '/request?Content-Type'), {method: 'PUT', body: 'text'});
  }
  print(300, 304);
  await tell(to(300, '/request'));
  await tell(to(304, '/request'));
  print('modes');
  await tell(to(302, '/request'), {redirect: 'follow'});
  await tell(to(302, '/request'), {redirect: 'error'});
  await tell(httpURL + '/request', {redirect: 'error'});
  await tell(to(302, '/request'), {redirect: 'manual'});
  await tell(httpURL + '/request', {redirect: 'manual'});
  await tell(httpURL + '/request', {redirect: 'other'});
  await tell(httpURL + '/request', {redirect: undefined});
  print('chains');
  await tell(to(302, to(302, '/request')));
  let chain = '/request';
  for (let i = 0; i < 20; i++) chain = '/redirect?302,' + chain.replaceAll('%', '%25');
  await tell(httpURL + chain);
  await tell(httpURL + chain.replace('302,', '302,/redirect?302,'));
  await tell(to(302, 'ftp://a/'));
  await tell(to(302, closedURL.replace('ws', 'http')));
  await tell(to(302, '/request#part'));
  done();
})();
