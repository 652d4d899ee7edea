// A tree of a JSON value, of which a branch is made when it is opened.

import {make} from "./element.js";
import {Written} from "./json.js";
import {escaped, line, many} from "./text.js";

const step = 100; // members at once
const longest = 2000; // characters

// tree returns the element of a value, with open levels.
export function tree(value, name = "", open = 2) {
	const label = name && [make("span", {class: "name"}, line(name)), ": "];
	if (value === null || typeof value !== "object" || value instanceof Written) return make("div", {class: "leaf"}, ...label, leaf(value));
	const keys = Object.keys(value), list = Array.isArray(value);
	const e = make("details", null, make("summary", null, ...label, list ? `[ ${many(keys.length, "element")} ]` : `{ ${many(keys.length, "member")} }`));
	let made = 0;
	const more = () => {
		const part = keys.slice(made, made += step);
		e.append(...part.map(key => tree(value[key], key || '""', open - 1)));
		if (made >= keys.length) return;
		const button = make("button", null, `${keys.length - made} more`);
		button.onclick = () => {
			button.remove();
			more();
			e.firstChild.focus();
		};
		e.append(button);
	};
	e.ontoggle = () => made || more();
	e.open = open > 0 && keys.length <= step;
	return e;
}

function leaf(value) {
	if (typeof value !== "string") return make("span", {class: "literal"}, value instanceof Written ? value.source : String(value));
	const rest = value.length - longest;
	return make("span", {class: "string"}, `"${escaped(value.slice(0, longest))}"${rest > 0 ? ` … ${many(rest, "more character")}` : ""}`);
}
