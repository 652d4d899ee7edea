setTimeout(() => { print('first'); throw new Error('from a timer'); }, 0);
setTimeout(() => { print('second'); }, 0);
queueMicrotask(() => { throw new TypeError('from a microtask'); });
queueMicrotask(() => print('next microtask'));
setTimeout(done, 20);
