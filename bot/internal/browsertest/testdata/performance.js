const a = performance.now();
for (let i = 0; i < 1e5; i++);
const b = performance.now();
print(typeof a, b >= a, a >= 0, typeof performance.timeOrigin, Math.abs(performance.timeOrigin + b - Date.now()) < 2000, Object.prototype.toString.call(performance));
const e = new Event('a');
print(e.timeStamp >= b, e.timeStamp - b < 1000);
done();
