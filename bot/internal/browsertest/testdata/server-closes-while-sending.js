const ws = new WebSocket(wsURL + '/do?wait&close=4000,enough');
ws.onopen = () => { for (let i = 0; i < 100; i++) ws.send(String(i)); };
ws.onclose = ({code, reason}) => { print(code, reason); done(); };
