let n = 0;
const id = setInterval((...args) => { print(args.join()); queueMicrotask(() => print('microtask')); if (++n === 2) { clearTimeout(id); done2(); } }, 1, 'a', 'b');
const done2 = () => setTimeout(done, 5);
