// A fragment is refused or dropped, and so is an empty one.
attempt('fragment', () => { const ws = new WebSocket(wsURL + '/echo#there'); ws.close(); return ws.url; });
attempt('empty fragment', () => { const ws = new WebSocket(wsURL + '/echo#'); ws.close(); return ws.url; });
attempt('in the query', () => { const ws = new WebSocket(wsURL + '/echo?a#b?c'); ws.close(); return ws.url; });
attempt('only a fragment', () => { const ws = new WebSocket('#f'); ws.close(); return ws.url; });
attempt('escaped', () => { const ws = new WebSocket(wsURL + '/echo%23f'); ws.close(); return ws.url; });
done();
