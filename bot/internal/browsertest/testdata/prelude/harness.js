// What a page gives to a script.
const lines = [];
let done;
const finished = new Promise((resolve) => done = () => resolve(lines.join('\n')));
const print = (...values) => { lines.push(values.map(String).join(' ')); };
const httpURL = location.origin;
const wsURL = httpURL.replace('http', 'ws');
const closedURL = 'ws://{closed}';
addEventListener('error', ({error}) => print('uncaught', error));
addEventListener('unhandledrejection', ({reason}) => print('rejected', reason));
