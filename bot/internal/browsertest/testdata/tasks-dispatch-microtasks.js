// An event that the script dispatches is no task: microtasks wait.
const target = new EventTarget();
target.addEventListener('a', () => { print('first'); queueMicrotask(() => print('microtask')); });
target.addEventListener('a', () => print('second'));
target.dispatchEvent(new Event('a'));
print('dispatched');
setTimeout(done, 0);
