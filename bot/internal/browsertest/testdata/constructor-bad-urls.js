for (const url of ['ws://', 'ws:', '//', 'ws://a b/', 'ws://[::1', 'ws://host:99999/', 'ws://host:-1/', 'ws://host:a/', 'mailto:a@b', 'ftp://host/', 'file:///a', 'data:,a',
  'javascript:1', 'blob:http://a/b', 'about:blank', 'wss+unix:///a', 'ws+unix:/a', 'unix:/a', 'ws://%zz/', 'ws://a%00b/', 'ws://a<b/', 'ws://a^b/', 'ws://256.1.1.1/', 'ws://1.2.3.4.5/', 'ws://0x1g/', 'ws://[::g]/',
  'ws://host/#f', 'ws://host/#', 'http://', 'wss://:80/', 'ws://@/', 'ws://user@/', 'ws://xn--/', 'ws://a\u00adb\u2260/', 'ws://\u00ad/'])
  attempt(JSON.stringify(url), () => { const ws = new WebSocket(url); ws.close(); return ws.url; });
done();
