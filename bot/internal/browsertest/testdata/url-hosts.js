const closed = (host) => { const ws = new WebSocket(`ws://${host}/`); ws.close(); return ws.url; };
for (const host of ['127.1', '0x7f.1', '0x7f000001', '2130706433', '0177.0.0.1', '127.0.0.1.', '127.0.0.01', '127.2.3', '[::1]', '[0:0:0:0:0:0:0:1]', '[fe80::1%25eth0]', '%31%32%37.0.0.1', 'EXAMPLE.invalid', 'ex%41mple.invalid', 'b\u00fccher.invalid', 'B\u00dcCHER.invalid', '\u65e5\u672c.invalid', 'fa\u00df.invalid', 'a\u3002invalid', 'xn--bcher-kva.invalid', '\uff21.invalid', 'a_b.invalid', 'a..invalid', '-a.invalid', 'a\tb.invalid', '\uff11\uff12\uff17.1', 'x'.repeat(70) + '.invalid', '\ud83d\ude00.invalid', 'a~b.invalid', "a'b.invalid", 'a!b.invalid', 'a*b.invalid', 'a|b.invalid'])
  attempt(JSON.stringify(host), () => closed(host));
// Nobody connects to these.
for (const host of ['[1:0:0:2:0:0:0:3]', '[::FFFF:1.2.3.4]', '[2001:DB8::1]:8080'])
  print(host, new URL(`ws://${host}/`).href);
done();
