Promise.reject(new Error('nobody looks'));
const looked = Promise.reject(new Error('somebody looks'));
looked.catch(() => print('caught'));
(async () => { throw new RangeError('in an async function'); })();
setTimeout(done, 20);
