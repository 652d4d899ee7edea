const texts = ['', 'a', 'gr\u00fc\u00dfe', '\u20ac', '\ud83d\ude00', '\u0000', '\ufeff', '\ufffe\uffff', '\r\n', 'x'.repeat(125), 'x'.repeat(126), 'x'.repeat(65535), 'x'.repeat(65536)];
const ws = new WebSocket(wsURL + '/echo');
let i = 0;
ws.onopen = () => { for (const text of texts) ws.send(text); };
ws.onmessage = ({data}) => {
  print(i, data === texts[i], data.length);
  if (++i === texts.length) ws.close();
};
ws.onclose = done;
