// Which entries of the log a person looks for.

import {parse} from "./json.js";
import {isText, typeOf} from "./log.js";
import {utf8} from "./text.js";

const latin1 = new TextDecoder("latin1");
const pattern = text => new RegExp(text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&"), "iu");

// contains returns a function that tells whether an entry has a text, in any case.
export function contains(text) {
	const chars = pattern(text), bytes = pattern(latin1.decode(utf8(text)));
	return e => e.data && !isText(e) ? bytes.test(latin1.decode(e.data)) : chars.test(e.data ?? e.text);
}

// matcher does so for a text, a direction and a type, which may be empty.
export function matcher(text, direction, type) {
	const has = contains(text);
	const group = e => e.kind === "message" ? typeOf(e) : /^p.ng$/.test(e.kind) ? "control" : "event";
	const is = e => type === "json" ? e.isJSON ??= isText(e) && parse(e.data) !== undefined : group(e) === type;
	return e => (!direction || e.direction === direction && group(e) !== "event") && (!type || is(e)) && (!text || has(e));
}
