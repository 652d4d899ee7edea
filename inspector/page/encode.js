// From what a person types to what is sent: a string, bytes, or an Error that says why not.

export const parsers = {
	text: text => text,

	json(text) {
		JSON.parse(text);
		return text;
	},

	hex(text) {
		const bare = text.replace(/0x|\\x|[\s,:;_-]/gi, s => " ".repeat(s.length));
		const bad = bare.search(/[^0-9a-f ]/i);
		if (bad >= 0) throw new Error(`character ${bad + 1} is not a hexadecimal digit`);
		const digits = bare.match(/[^ ]{1,2}/g) || [];
		if (digits.some(d => d.length === 1)) throw new Error("the number of digits is odd");
		return Uint8Array.from(digits, d => parseInt(d, 16));
	},

	base64(text) {
		const bad = text.search(/[^\sA-Za-z0-9+/=_-]/);
		if (bad >= 0) throw new Error(`character ${bad + 1} is not allowed`);
		try {
			return fromBase64(text.replaceAll("-", "+").replaceAll("_", "/"));
		} catch {
			throw new Error("the length or the padding is wrong");
		}
	},
};

export const fromBase64 = text => Uint8Array.from(atob(text), c => c.charCodeAt(0));

export function toBase64(bytes) {
	let s = "";
	for (let i = 0; i < bytes.length; i += 0x8000) s += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
	return btoa(s);
}
