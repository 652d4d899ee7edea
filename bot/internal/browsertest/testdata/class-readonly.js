const ws = new WebSocket(wsURL + '/echo');
for (const name of ['readyState', 'bufferedAmount', 'protocol', 'extensions']) {
  const before = ws[name];
  ws[name] = 'else';
  print(name, ws[name] === before);
  attempt(`${name} in strict mode`, () => { 'use strict'; ws[name] = 1; return 'ignored'; });
}
ws.mine = 7;
print(ws.mine, Object.keys(ws).join());
watch(ws);
ws.onopen = () => ws.close();
