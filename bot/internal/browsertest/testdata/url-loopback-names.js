// Other ways to write the address of the server.
const port = new URL(httpURL).port;
const to = (host) => (next) => {
  const ws = new WebSocket(`ws://${host}:${port}/echo`);
  print(ws.url);
  ws.onopen = () => ws.send(host);
  ws.onerror = () => print('error');
  ws.onmessage = ({data, origin}) => { print(data, origin); ws.close(1000); };
  ws.onclose = ({code}) => { print(code); next(); };
};
inTurn(to('127.1'), to('0x7f000001'), to('2130706433'), to('017700000001'), to('\uff11\uff12\uff17.0.0.1'), to('localhost'), to('LOCALHOST'));
