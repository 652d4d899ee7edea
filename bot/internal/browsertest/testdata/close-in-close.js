const ws = new WebSocket(wsURL + '/do?close=1000,bye');
ws.onclose = (e) => { print(e.code, e.reason, ws.readyState); print(ws.close(3000), ws.readyState); done(); };
