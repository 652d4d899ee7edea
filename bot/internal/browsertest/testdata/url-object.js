const url = new URL('../echo?a=1', httpURL + '/one/two/');
print(url, url.protocol, url.pathname, url.search, url.hash, url.host === new URL(httpURL).host);
const ws = new WebSocket(url);
print(ws.url);
watch(ws);
ws.onopen = () => ws.close(1000);
