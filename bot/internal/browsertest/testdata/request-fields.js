const ws = new WebSocket(wsURL + '/headers?Upgrade,Connection,Sec-WebSocket-Version,Sec-WebSocket-Protocol,Sec-WebSocket-Extensions,Origin,Cookie,Referer,Content-Length,Authorization,Cache-Control,Pragma');
let n = 0;
ws.onmessage = ({data}) => { print(data); if (++n === 12) ws.close(); };
ws.onclose = done;
