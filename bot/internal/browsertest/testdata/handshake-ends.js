const answered = (what, text) => (next) => {
  const ws = watch(new WebSocket(wsURL + '/respond?' + encodeURIComponent(text)), what, next);
  ws.onopen = () => ws.close();
};
inTurn(answered('nothing', ''), answered('a byte', 'H'), answered('half a line', 'HTTP/1.1 101 Swi'), answered('no end', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n'), answered('NUL', '\0\0\0\0\r\n\r\n'), answered('bare newlines', accepted.join('\n') + '\n\n'));
