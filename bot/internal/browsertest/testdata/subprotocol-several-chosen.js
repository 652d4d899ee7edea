const asked = (url, protocols) => (next) => {
  const ws = new WebSocket(url, protocols);
  ws.onopen = () => { print('open', JSON.stringify(ws.protocol)); ws.close(); };
  ws.onerror = () => print('error', JSON.stringify(ws.protocol));
  ws.onclose = (e) => { print(e.code, e.wasClean, JSON.stringify(ws.protocol)); next(); };
};
const chooses = (...chosen) => respond(...accepted, ...chosen.map((p) => `Sec-WebSocket-Protocol: ${p}`));
inTurn(asked(chooses('a, b'), ['a', 'b']), asked(chooses('a', 'b'), ['a', 'b']), asked(chooses('a', 'a'), ['a']));
