const closed = (url) => { const ws = new WebSocket(url); ws.close(); return ws.url; };
for (const url of ['ws://HOST.invalid', 'WS://host.invalid/', 'Ws://host.invalid:80/', 'wss://host.invalid:443/a', 'ws://host.invalid:443/', 'wss://host.invalid:80', 'ws://host.invalid:/', 'ws://host.invalid:0080/', 'ws://host.invalid:000/',
  'http://host.invalid/a', 'https://host.invalid/a', 'HTTPS://HOST.invalid:443', 'http://host.invalid:80/', 'http://host.invalid:443/', 'ws://host.invalid?q', 'ws://host.invalid/?', 'ws://host.invalid/a?b?c', 'ws:host.invalid', 'ws:/host.invalid', 'ws:\\\\host.invalid\\a',
  'ws:///host.invalid/a', 'ws:////host.invalid//a', 'ws://host.invalid//a', 'ws://host.invalid./'])
  attempt(JSON.stringify(url), () => closed(url));
done();
