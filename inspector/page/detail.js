// Shows one entry: as a tree of JSON, as text, and as bytes.

import {$, chosen, make, put} from "./element.js";
import {dump, showHex} from "./hex.js";
import {indented, parse} from "./json.js";
import {isText, typeOf} from "./log.js";
import {tree} from "./tree.js";
import {clock, count, duration, joined, lines, many, size, utf8} from "./text.js";

const longest = 1 << 20; // bytes of a message to edit

let entry;
let json; // its value

export function show(e) {
	if (e && e === entry) return;
	entry = e;
	$("view").parentNode.hidden = $("content").hidden = !e;
	$("reuse").hidden = !(e?.kind === "message" && e.size <= longest);
	if (!e) return put("summary", "Select an entry to look inside.");
	const hasData = e.data !== undefined;
	json = isText(e) ? parse(e.data) : undefined;
	put("summary", joined(
		`${e.direction || ""} ${typeOf(e)}`.trim(), clock(e.time),
		e.since !== undefined && `${duration(e.since)} after the one before`,
		hasData && many(e.size, "byte"), e.cut && `only the first ${size(e.kept)} are kept`));
	const can = {json: json !== undefined, text: true, hex: hasData};
	for (const input of document.getElementsByName("view")) input.disabled = !can[input.value];
	chosen("view", can.json ? "json" : hasData && !isText(e) ? "hex" : "text");
	showView();
}

const bytes = () => isText(entry) ? utf8(entry.data) : entry.data;

function text() {
	const {data} = entry;
	return data === undefined ? entry.text : isText(entry) ? data : new TextDecoder().decode(data);
}

export const copied = () => ({json: () => indented(json, entry.data), text, hex: () => dump(bytes())})[chosen("view")]();

function showView() {
	const view = chosen("view"), old = $("content");
	const box = old.cloneNode(false); // without the handlers and the scroll position
	old.replaceWith(box);
	box.className = {hex: "rows hex", json: "tree"}[view] || "";
	if (view === "hex") showHex(box, bytes());
	else if (view === "json") box.append(tree(json));
	else showText(box, text());
}

function showText(box, text) {
	let end = 20_000;
	const pre = make("pre", null, lines(text.slice(0, end)));
	const button = make("button", null, `Show more of ${count(text.length)} characters`);
	button.onclick = () => {
		pre.append(lines(text.slice(end, end *= 4)));
		button.hidden = end >= text.length;
		box.focus();
	};
	button.hidden = end >= text.length;
	box.append(pre, button);
}

$("view").onchange = showView;
show(null);
