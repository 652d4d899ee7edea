const ask = async (init) => {
  try {
    const response = await fetch(httpURL + '/request', init);
    print(response.status, await response.text());
  } catch (e) {
    print(e.name);
  }
};
(async () => {
  await ask();
  await ask({});
  for (const method of ['get', 'Post', 'pUT', 'delete', 'head', 'options', 'PATCH', 'patch', 'Mine', undefined]) {
    print(method);
    await ask({method});
  }
  for (const method of ['', 'a b', 'a\r\nb', 'gr\u00fcn', 'TRACE', 'connect', 'Track', null]) {
    print(JSON.stringify(method));
    await ask({method});
  }
  done();
})();
