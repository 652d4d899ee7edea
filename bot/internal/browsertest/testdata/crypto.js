const bytes = new Uint8Array(64);
print(crypto.getRandomValues(bytes) === bytes, bytes.some((b) => b !== 0));
attempt('floats', () => crypto.getRandomValues(new Float32Array(1)));
attempt('an array', () => crypto.getRandomValues([1]));
attempt('too many', () => crypto.getRandomValues(new Uint8Array(65537)));
print(crypto.getRandomValues(new Uint32Array(0)).length);
print(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(crypto.randomUUID()), crypto.randomUUID() !== crypto.randomUUID());
print(Object.prototype.toString.call(crypto));
done();
