const ws = watch(new WebSocket(wsURL + '/do?close=1000,'));
for (const value of [null, undefined, 1, 'code', {}, [], () => {}, {handleEvent() { print('called'); }}, Symbol('s'), async () => {}]) {
  attempt(typeof value, () => { ws.onclose = value; return ws.onclose === value ? 'kept' : String(ws.onclose); });
}
ws.onclose = {handleEvent() { print('never'); }};
