// What keys do, and the list of them.

import {$, make} from "./element.js";

const others = [
	["Enter", "in the URL: connect; in the message: send; in the log: look inside; in Find: the next"],
	["Shift Enter", "in the message: a new line; in Find: the one before"],
	["Alt ↑ ↓", "in the message: the last messages"],
	["↑ ↓ Home End", "in the log: select an entry"],
	["Escape", "close the details"],
];

// listen lets keys do what actions says: descriptions and functions, by letter.
export function listen(actions, escape) {
	const dialog = $("keys");
	actions["?"] = ["show the keys", () => dialog.showModal()];
	$("keys-button").onclick = actions["?"][1];
	for (const [key, what] of [...others, ...Object.keys(actions).map(key => [key, actions[key][0]])]) {
		$("key-list").append(make("div", null, make("dt", null, make("kbd", null, key)), make("dd", null, what)));
	}
	document.addEventListener("keydown", e => {
		if (e.repeat || dialog.open || e.defaultPrevented || e.isComposing || e.ctrlKey || e.altKey || e.metaKey) return;
		const typing = e.target.matches("textarea, select, input:not([type=radio], [type=checkbox], [type=file])");
		const action = !typing && $("letters").checked && actions[e.key];
		if (action) action[1]();
		else if (e.key !== "Escape" || !escape()) return;
		e.preventDefault();
	});
}
