const ask = async (headers) => {
  try {
    print(await (await fetch(httpURL + '/request?X-One,X-Two,Content-Type,Accept', {headers})).text());
  } catch (e) {
    print(e.name);
  }
};
(async () => {
  await ask();
  await ask({'x-one': '1', 'X-Two': ' 2\t'});
  await ask([['x-one', '1'], ['x-two', '2'], ['X-ONE', '3']]);
  const headers = new Headers({'x-one': '1'});
  headers.append('x-one', '2');
  await ask(headers);
  await ask(Object.entries({'x-one': 5, 'accept': 'text/mine'}));
  await ask({'content-type': 'text/mine'});
  await ask({'x one': '1'});
  await ask({'x-one': 'a\nb'});
  await ask({'x-one': ''});
  await ask({'x-one': 'gr\u00fcn'});
  await ask({'x-one': '\u0100'});
  await ask([['x-one']]);
  await ask('x-one');
  await ask(null);
  done();
})();
