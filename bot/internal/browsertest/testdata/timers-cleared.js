const one = setTimeout(() => print('never'), 0);
clearTimeout(one);
const two = setTimeout(() => print('never either'), 0);
clearInterval(two); // they share their numbers
let n = 0;
const three = setInterval(() => { print('tick', ++n); if (n === 3) { clearInterval(three); setTimeout(done, 0); } }, 1);
const four = setTimeout(() => { clearTimeout(four); print('itself'); }, 0);
