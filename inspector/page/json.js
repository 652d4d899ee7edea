// JSON with numbers as they were written, because a JavaScript number has 53 bits.

export class Written {
	constructor(source) { this.source = source; }
}

// parse returns an object or array, or undefined.
export function parse(text) {
	try {
		if (/^\s*[[{]/.test(text)) return JSON.parse(text, (key, value, from) => typeof value === "number" && from ? new Written(from.source) : value);
	} catch {}
}

// indented returns text itself if its value nests too deeply.
export function indented(value, text) {
	try {
		return JSON.stringify(value, (key, v) => v instanceof Written ? JSON.rawJSON(v.source) : v, 2);
	} catch {
		return text;
	}
}
