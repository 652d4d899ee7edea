const ws = new WebSocket(closedURL);
ws.onclose = () => { ws.binaryType = 'arraybuffer'; print(ws.binaryType); done(); };
