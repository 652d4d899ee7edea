// The events error and close are one task after the other, with microtasks between them.
const ws = new WebSocket(closedURL);
ws.onerror = () => { print('error', ws.readyState); queueMicrotask(() => print('microtask', ws.readyState)); };
ws.onclose = () => { print('close'); done(); };
