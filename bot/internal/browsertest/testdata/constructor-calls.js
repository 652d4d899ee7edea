attempt('without new', () => WebSocket(wsURL + '/echo'));
attempt('without arguments', () => new WebSocket());
attempt('length', () => WebSocket.length);
attempt('name', () => WebSocket.name);
const closed = (url) => { const ws = new WebSocket(url); ws.close(); return ws.url; };
attempt('undefined', () => closed(undefined));
attempt('null', () => closed(null));
attempt('a symbol', () => new WebSocket(Symbol('s')));
attempt('an object that throws', () => new WebSocket({toString() { throw new RangeError('mine'); }}));
attempt('an empty string', () => closed(''));
class Mine extends WebSocket {}
const mine = new Mine(wsURL + '/echo');
print(mine instanceof Mine, mine instanceof WebSocket, mine instanceof EventTarget);
watch(mine);
mine.onopen = () => mine.close();
