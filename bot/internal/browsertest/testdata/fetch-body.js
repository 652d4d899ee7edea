const ask = async (body, type, method = 'POST') => {
  try {
    const init = {method, body};
    if (type) init.headers = {'content-type': type};
    print(await (await fetch(httpURL + '/request?Content-Type,Content-Length', init)).text());
  } catch (e) {
    print(e.name);
  }
};
(async () => {
  await ask();
  await ask(null);
  await ask('');
  await ask('gr\u00fcn');
  await ask('\ud800');
  await ask('{}', 'application/json');
  await ask(new Uint8Array([1, 2, 255]));
  await ask(new Uint8Array([1, 2, 255]).subarray(1));
  await ask(new Uint8Array([65, 66]).buffer);
  await ask(new DataView(new Uint8Array([65, 66]).buffer, 1));
  await ask(new Blob(['a', 'b']));
  await ask(new Blob(['a', 'b'], {type: 'text/Mine'}));
  await ask(new Blob(['a', 'b'], {type: 'text/mine'}), 'text/other');
  await ask(new URLSearchParams({a: '1 2', b: '\u00fc&='}));
  await ask(5);
  await ask({});
  await ask(['a', 'b']);
  await ask('x', undefined, 'GET');
  await ask('x', undefined, 'head');
  await ask('', undefined, 'GET');
  await ask(null, undefined, 'GET');
  await ask('x', undefined, 'DELETE');
  done();
})();
