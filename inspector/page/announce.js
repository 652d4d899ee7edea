// Tells screen readers what happens, less often the more there is.

import {$, make} from "./element.js";
import {line, many} from "./text.js";

let first, waiting = 0, timer = 0;
let pause = 2e3; // between two announcements of messages, in milliseconds

export function say(text) {
	const box = $("spoken");
	box.append(make("p", null, text));
	if (box.children.length > 5) box.firstElementChild.remove();
}

// received tells what a single message says, or how many there are.
export function received(data) {
	if (!waiting++) first = data;
	if (!timer) tell();
}

function tell() {
	timer = 0;
	if (!waiting) return void (pause = 2e3);
	say(`received ${waiting > 1 ? many(waiting, "message") : typeof first === "string" ? line(first, 100) : many(first.length, "byte")}`);
	waiting = 0;
	timer = setTimeout(tell, pause);
	pause = Math.min(2 * pause, 32e3);
}
