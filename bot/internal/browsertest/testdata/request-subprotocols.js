const ask = (...protocols) => (next) => {
  const ws = new WebSocket(respond('HTTP/1.1 404 Not Found', 'Content-Length: 0'), ...protocols);
  ws.onclose = next;
};
inTurn(ask(), ask('chat'), ask(['b', 'a', 'c']), ask([]), ask([7, null]), ask(new Set(['x', 'y'])), ask(undefined), ask(null), ask(5), ask({}.x), serverLog);
