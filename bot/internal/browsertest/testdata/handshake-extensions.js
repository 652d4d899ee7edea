const answered = (what, ...lines) => (next) => {
  const ws = new WebSocket(respond(...lines));
  ws.onopen = () => { print(what, 'open'); ws.close(); };
  ws.onerror = (e) => print(what, 'error', ws.readyState);
  ws.onclose = (e) => { print(what, 'close', e.code, JSON.stringify(e.reason), e.wasClean); next(); };
};
inTurn(
  answered('unknown', ...accepted, 'Sec-WebSocket-Extensions: x-other'),
  answered('empty', ...accepted, 'Sec-WebSocket-Extensions:'),
  answered('deflate twice', ...accepted, 'Sec-WebSocket-Extensions: permessage-deflate, permessage-deflate'),
  answered('bad parameter', ...accepted, 'Sec-WebSocket-Extensions: permessage-deflate; x=1'),
  answered('window of 8', ...accepted, 'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=8'),
  answered('window of 16', ...accepted, 'Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=16'),
  answered('window without a value', ...accepted, 'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits'),
  answered('deflate-stream', ...accepted, 'Sec-WebSocket-Extensions: deflate-stream'),
  answered('syntax', ...accepted, 'Sec-WebSocket-Extensions: permessage-deflate; ='),
  answered('one accepted and an unknown one', ...accepted, 'Sec-WebSocket-Extensions: permessage-deflate, x-other'),
);
