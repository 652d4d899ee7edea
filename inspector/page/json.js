// JSON with numbers as they were written, because a JavaScript number has 53 bits.

export class Written {
	constructor(source) { this.source = source; }
}

// parse returns an object or array, or undefined.
export function parse(text) {
	if (!/^\s*[[{]/.test(text)) return undefined;
	try {
		return JSON.parse(text, (key, value, from) => typeof value === "number" && from ? new Written(from.source) : value);
	} catch {
		return undefined;
	}
}

export const indented = value => JSON.stringify(value, (key, v) => v instanceof Written ? JSON.rawJSON(v.source) : v, 2);
