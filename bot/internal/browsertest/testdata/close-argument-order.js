const ws = watch(new WebSocket(wsURL + '/echo'));
ws.onopen = () => attempt('close', () => ws.close({valueOf() { print('code'); return 3000; }}, {toString() { print('reason'); return 'r'; }}));
