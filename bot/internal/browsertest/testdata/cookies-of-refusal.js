// Cookies count also when the handshake fails.
const ws = new WebSocket(respond('HTTP/1.1 403 Forbidden', 'Set-Cookie: refused=1; Path=/', 'Content-Length: 0'));
ws.onclose = () => {
  const again = new WebSocket(wsURL + '/headers?Cookie');
  again.onmessage = ({data}) => { print(data); again.close(); };
  again.onclose = done;
};
