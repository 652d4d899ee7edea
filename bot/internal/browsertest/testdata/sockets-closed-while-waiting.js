// A socket that is closed while it waits for another to open never asks the server.
const told = [];
hold(() => {
  new WebSocket(wsURL + '/hold?first');
  const second = watch(new WebSocket(wsURL + '/hold?second'), 'second', () => {});
  new WebSocket(wsURL + '/hold?third');
  second.close();
}, (text) => {
  told.push(text);
  if (text === 'third is answered') { print(told.join(', ')); done(); }
});
