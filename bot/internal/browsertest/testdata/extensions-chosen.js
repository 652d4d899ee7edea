const chosen = (text) => (next) => {
  const ws = new WebSocket(respond(...accepted, 'Sec-WebSocket-Extensions: ' + text));
  ws.onopen = () => { print(ws.extensions); ws.close(); };
  ws.onerror = () => print('error');
  ws.onclose = (e) => { print(JSON.stringify(ws.extensions)); next(); };
};
inTurn(chosen('permessage-deflate'), chosen('permessage-deflate; server_no_context_takeover'), chosen('permessage-deflate;client_no_context_takeover;server_max_window_bits=10'), chosen('permessage-deflate; client_max_window_bits=12'), chosen('permessage-deflate; client_max_window_bits="12"'), chosen('Permessage-Deflate'));
