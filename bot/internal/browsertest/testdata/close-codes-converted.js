const ends = (code) => (next) => {
  const ws = new WebSocket(wsURL + '/echo');
  ws.onopen = () => attempt(String(code), () => ws.close(code));
  ws.onclose = (e) => { print(e.code); next(); };
};
inTurn(ends(1000.4), ends('1000'), ends(3000.5), ends(3001.5), ends([3002]), ends({valueOf: () => 3003}), ends(4999.4), ends(3004.9));
