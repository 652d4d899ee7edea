// Bytes in rows: the offset, hexadecimal digits, and ASCII.

import {make} from "./element.js";
import {Rows} from "./rows.js";
import {hex} from "./text.js";

function cells(bytes, i, width) {
	const part = bytes.subarray(i, i + width);
	const ascii = Array.from(part, b => b > 31 && b < 127 ? String.fromCharCode(b) : "·").join("");
	return [i.toString(16).padStart(6, "0"), `  ${hex(part).padEnd(3 * width)} `, ascii];
}

export function dump(bytes) {
	const rows = [];
	for (let i = 0; i < bytes.length; i += 16) rows.push(cells(bytes, i, 16).join(""));
	return rows.join("\n");
}

export function showHex(box, bytes) {
	const width = box.clientWidth > 46 * parseFloat(getComputedStyle(box).fontSize) ? 16 : 8;
	const rows = new Rows(box, i => {
		const [at, digits, ascii] = cells(bytes, i * width, width);
		return make("div", {class: "line"}, make("span", {class: "quiet"}, at), digits, make("span", {class: "string"}, ascii));
	});
	rows.update(Math.ceil(bytes.length / width));
}
