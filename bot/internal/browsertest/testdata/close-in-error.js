const ws = new WebSocket(closedURL);
ws.onerror = () => { print('error', ws.readyState, ws.close(3000, 'x'), ws.readyState); };
ws.onclose = (e) => { print('close', e.code, JSON.stringify(e.reason)); done(); };
