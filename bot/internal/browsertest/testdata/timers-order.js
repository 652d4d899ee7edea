setTimeout(() => print('10'), 10);
setTimeout(() => print('0 first'), 0);
setTimeout(() => print('5'), 5);
setTimeout(() => print('0 second'), 0);
setTimeout(() => print('10 again'), 10);
setTimeout(() => print('negative'), -5);
setTimeout(() => { print('30'); done(); }, 30);
queueMicrotask(() => print('microtask'));
print('script');
