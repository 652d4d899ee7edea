// A socket is used once; a new one takes its place.
let n = 0;
(function connect() {
  const ws = new WebSocket(wsURL + `/do?text=${n}&close=${4000 + n},again`);
  ws.onmessage = ({data}) => print('message', data);
  ws.onclose = ({code}) => { print('close', code); if (++n < 3) setTimeout(connect, 1); else done(); };
})();
