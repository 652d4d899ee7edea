// Codes of close frames, which are taken or break a rule.
const ends = (code) => (next) => {
  const ws = new WebSocket(wsURL + `/do?close=${code},r`);
  ws.onerror = () => print('error');
  ws.onclose = (e) => { print(code, '->', e.code, JSON.stringify(e.reason), e.wasClean); next(); };
};
inTurn(...[0, 1, 999, 1000, 1001, 1002, 1003, 1004, 1005, 1006, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 1015, 1016, 1099, 2000, 2999, 3000, 3999, 4000, 4999, 5000, 65535].map(ends));
