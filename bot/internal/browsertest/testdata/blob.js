const blob = new Blob(['abc', Uint8Array.of(100, 101), new Blob(['fg'])], {type: 'Text/Plain'});
print(blob.size, blob.type);
const slice = blob.slice(1, -1, 'x/y');
print(slice.size, slice.type, blob.slice(5, 2).size, blob.slice(-2).size, blob.slice(100).size);
attempt('no array', () => new Blob('abc'));
attempt('without new', () => Blob(['a']));
print(new Blob().size, JSON.stringify(new Blob([], {type: '\u00e9'}).type), new Blob([1, {}, null]).size, new Blob(['\ud800']).size);
blob.text().then((text) => { print(text); return slice.text(); }).then((text) => { print(text); done(); });
