// Lone surrogates become U+FFFD.
const texts = ['\ud800', '\udc00', 'a\ud800b', '\ude00\ud83d', '\ud83d\ud83d\ude00', '\ud83d\ude00'];
const ws = watch(new WebSocket(wsURL + '/describe'));
ws.onopen = () => { for (const text of texts) ws.send(text); };
let n = 0;
ws.onmessage = () => { if (++n === texts.length) ws.close(); };
