const ws = watch(new WebSocket(wsURL + '/echo'), 'socket', serverLog);
ws.onopen = () => {
  print(ws.close(3456, 'the reason'), ws.readyState);
  ws.close(1000, 'another'); // has no effect
};
