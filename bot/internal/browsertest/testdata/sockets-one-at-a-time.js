// One connection at a time is being opened to an address.
let answered = 0;
hold(() => {
  for (const name of ['a', 'b', 'c']) new WebSocket(wsURL + '/hold?' + name);
}, (text) => {
  print(text);
  if (text.endsWith('answered') && ++answered === 3) done();
});
