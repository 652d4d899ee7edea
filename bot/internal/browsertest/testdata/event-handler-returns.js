// What a handler returns has no effect, but false cancels an event that can be.
const target = new EventTarget();
const e = new Event('mine', {cancelable: true});
target.addEventListener('mine', () => false);
print(target.dispatchEvent(e), e.defaultPrevented);
const again = new Event('mine', {cancelable: true});
target.addEventListener('mine', (x) => x.preventDefault());
print(target.dispatchEvent(again), again.defaultPrevented, new Event('x').defaultPrevented);
const ws = watch(new WebSocket(wsURL + '/do?text=a&close=1000,'));
ws.onmessage = (x) => false;
ws.addEventListener('message', (x) => print(x.defaultPrevented));
