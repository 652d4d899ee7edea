// Cookies that a handshake sets are sent with the next.
const cookies = (next) => {
  const ws = new WebSocket(wsURL + '/headers?Cookie');
  ws.onmessage = ({data}) => { print(data.slice(8).split('; ').sort().join('; ')); ws.close(); };
  ws.onclose = next;
};
const sets = (...fields) => (next) => {
  const ws = new WebSocket(respond(...accepted, ...fields.map((field) => `Set-Cookie: ${field}`)));
  ws.onopen = () => ws.close();
  ws.onclose = next;
};
inTurn(cookies, sets('a=1', 'b=2; HttpOnly', 'c=3; Path=/other', 'd=4; Secure; Path=/', 'e=5; Path=/headers'), cookies, sets('a=6; Path=/'), cookies, sets('a=; Max-Age=0; Path=/', 'b=; Max-Age=0'), cookies);
