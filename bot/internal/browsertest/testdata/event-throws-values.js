// Anything can be thrown.
for (const value of ['text', 7, null, undefined, {toString: () => 'object'}, [1, 2], new DOMException('text', 'AbortError')]) {
  const target = new EventTarget();
  target.addEventListener('a', () => { throw value; });
  print(target.dispatchEvent(new Event('a')));
}
setTimeout(() => { throw 'from a timer'; }, 0);
setTimeout(() => {
  Promise.reject('text');
  Promise.reject();
  Promise.reject(7);
  setTimeout(done, 40); // after the tasks that report them, however late this timer is
}, 5);
