// Arguments are converted from the left to the right, and before any is judged.
const said = (what, value) => ({toString() { print('asked for', what); return value; }});
attempt('both bad', () => new WebSocket(said('url', 'ws://'), [said('first', 'a a'), said('second', 'b')]));
attempt('good url', () => new WebSocket(said('url', wsURL), [said('first', 'a'), said('second', 'a')]));
attempt('protocol that throws', () => new WebSocket(said('url', 'ws://'), [said('first', 'a'), {toString() { throw new TypeError('no'); }}, said('third', 'c')]));
const iterable = {*[Symbol.iterator]() { print('first'); yield 'a'; print('second'); yield 'a'; print('end'); }};
attempt('iterable', () => new WebSocket(wsURL, iterable));
done();
