const ask = (...protocols) => (next) => {
  const ws = new WebSocket(wsURL + '/echo', ...protocols);
  ws.onopen = () => ws.close();
  ws.onclose = next;
};
inTurn(ask(), ask('chat'), ask(['b', 'a', 'c']), ask([]), ask([7, null]), serverLog);
