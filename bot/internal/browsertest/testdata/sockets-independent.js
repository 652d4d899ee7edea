const a = watch(new WebSocket(wsURL + '/echo'), 'a', () => {});
a.onopen = () => {
  const b = watch(new WebSocket(wsURL + '/echo'), 'b', () => a.close(3001));
  b.onopen = () => { a.send('to a'); };
  a.onmessage = () => b.send('to b');
  b.onmessage = () => b.close(3000);
};
a.addEventListener('close', done);
