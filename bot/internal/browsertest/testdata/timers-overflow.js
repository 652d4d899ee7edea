// A time is a number of 32 bits with a sign.
setTimeout(() => print('2 ** 31'), 2 ** 31);
setTimeout(() => print('2 ** 32'), 2 ** 32);
setTimeout(() => print('2 ** 32 + 30'), 2 ** 32 + 30);
setTimeout(() => print('-Infinity'), -Infinity);
setTimeout(() => print('Infinity'), Infinity);
setTimeout(() => print('1e20'), 1e20);
setTimeout(() => print('never'), 2 ** 31 - 1);
setTimeout(done, 60);
