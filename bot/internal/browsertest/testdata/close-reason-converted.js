const ends = (reason) => (next) => {
  const ws = new WebSocket(wsURL + '/echo');
  ws.onopen = () => ws.close(3000, reason);
  ws.onclose = (e) => { print(JSON.stringify(e.reason)); next(); };
};
inTurn(ends(''), ends(null), ends(7), ends({}), ends(['a', 'b']), ends({toString: () => 'said'}), ends('\u0000'), ends('\ud83d\ude00'), ends('a\ud800'), ends('\udc00b'), ends('\ude00\ud83d'), serverLog);
