const closed = (url) => { const ws = new WebSocket(url); ws.close(); return ws.url; };
for (const url of ['ws://user@host.invalid/', 'ws://user:word@host.invalid/', 'ws://:word@host.invalid/', 'ws://a:@host.invalid/', 'ws://a@b@host.invalid/', 'ws://a b:c/d@host.invalid/', 'ws://:@host.invalid/', 'ws://\u00e9:%41@host.invalid/'])
  attempt(JSON.stringify(url), () => closed(url));
const ws = new WebSocket(wsURL.replace('//', '//user:word@') + '/headers?Authorization');
print(ws.url);
watch(ws);
ws.addEventListener('message', () => ws.close());
