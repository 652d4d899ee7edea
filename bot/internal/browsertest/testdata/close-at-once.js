// Both sides close at the same time.
const ws = watch(new WebSocket(wsURL + '/do?close=4001,theirs'));
ws.onopen = () => ws.close(4000, 'ours');
