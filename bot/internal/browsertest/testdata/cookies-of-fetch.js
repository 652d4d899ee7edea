// What HTTP has set is sent with the handshake, and the other way.
const answer = (...lines) => httpURL + '/respond?' + encodeURIComponent(lines.join('\r\n') + '\r\n\r\n');
(async () => {
  const response = await fetch(answer('HTTP/1.1 200 OK', 'Set-Cookie: session=42; Path=/; HttpOnly', 'Content-Length: 0', 'Connection: close'));
  print(response.status, response.ok, response.headers.get('set-cookie'));
  const ws = new WebSocket(wsURL + '/headers?Cookie');
  ws.onmessage = ({data}) => { print(data); ws.close(); };
  ws.onclose = done;
})();
