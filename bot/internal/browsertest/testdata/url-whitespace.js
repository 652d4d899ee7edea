const closed = (url) => { const ws = new WebSocket(url); ws.close(); return ws.url; };
for (const url of [' ws://host.invalid/ ', '\tws://host.invalid/\n', '\x00ws://host.invalid/\x1f', 'w\ts://host.invalid/', 'ws:\n//host.invalid/', 'ws://ho\rst.invalid/', 'ws://host.invalid/a \t', '\u00a0ws://host.invalid/', '\ufeffws://host.invalid/', 'ws ://host.invalid/', 'ws://host.invalid /'])
  attempt(JSON.stringify(url), () => closed(url));
done();
