setTimeout(() => { print('a'); queueMicrotask(() => { print('b'); Promise.resolve().then(() => print('c')); }); }, 0);
setTimeout(() => print('d'), 0);
setTimeout(async () => { print('e'); await null; print('f'); await 0; print('g'); }, 0);
setTimeout(() => { print('h'); done(); }, 0);
