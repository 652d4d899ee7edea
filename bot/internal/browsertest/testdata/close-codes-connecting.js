// Arguments are judged in every state.
const ws = watch(new WebSocket(wsURL + '/echo'), 'socket', () => {
  attempt('closed 1001', () => ws.close(1001));
  attempt('closed long reason', () => ws.close(1000, 'x'.repeat(124)));
  attempt('closed', () => ws.close(1000, 'x'));
  done();
});
attempt('connecting 1001', () => ws.close(1001));
attempt('connecting long reason', () => ws.close(1000, 'x'.repeat(124)));
print(ws.readyState);
ws.onopen = () => {
  ws.close(1000);
  attempt('closing 1001', () => ws.close(1001));
  attempt('closing long reason', () => ws.close(1000, 'x'.repeat(124)));
  attempt('closing', () => ws.close(3000, 'x'));
};
