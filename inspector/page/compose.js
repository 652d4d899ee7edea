// Sends what a person writes or chooses.

import * as connection from "./connection.js";
import {$, chosen, make, put} from "./element.js";
import {parsers} from "./encode.js";
import {hex, joined, line, many, size, utf8} from "./text.js";

const box = $("message");
let recent = []; // messages
let picked = -1; // of them
let timer = 0; // of what is repeated
let sent, refused;

export const listen = (onsent, onrefused) => { [sent, refused] = [onsent, onrefused]; };

export function edit(data) {
	if (typeof data === "string") fill("text", data);
	else fill("hex", hex(data));
	box.focus();
}

function fill(format, text) {
	chosen("format", format);
	box.value = text;
	update();
}

export function update() {
	const format = chosen("format"), file = format === "file", open = connection.state === "open";
	if (connection.state === "closed") stop();
	box.hidden = file;
	$("file").hidden = !file;
	const [parts, error] = parse(), empty = file ? !parts.length : !box.value, bad = error && !empty;
	const length = parts.reduce((n, {data, file}) => n + (file?.size ?? (typeof data === "string" ? utf8(data) : data).length), 0);
	let text = file ? "Each file is a binary message." : "";
	if (bad) text = `Not ${format === "json" ? "JSON" : format}: ${line(error, 200)}`;
	else if (!empty) text = file ? `${many(parts.length, "binary message")}, ${size(length)}` : many(length, "byte") + (format === "json" ? ", valid JSON" : "");
	box.ariaInvalid = !!bad;
	say(joined(text, !open && "Connect to send."), bad);
	$("send").ariaDisabled = !open;
	put("send", timer ? "Stop" : $("repeat").checked ? "Start" : "Send");
}

function say(text, bad) {
	put("check", text);
	$("check").className = bad ? "bad" : "";
}

function parse() {
	const format = chosen("format");
	if (format === "file") return [[...$("file").files].map(file => ({file}))];
	try {
		return [[{data: parsers[format](box.value)}]];
	} catch (e) {
		return [[], e.message];
	}
}

async function submit() {
	if (timer) return stop();
	const [parts, error] = parse();
	try {
		if (!parts.length) throw new Error(error || "choose a file first");
		for (const p of parts) p.data ??= new Uint8Array(await p.file.arrayBuffer());
		if (connection.state !== "open") throw new Error("connect first");
	} catch (e) {
		const text = `Not sent: ${e.message}`;
		say(text, true);
		return refused(text);
	}
	const send = () => parts.every(p => connection.send(p.data, p.file?.name));
	send();
	if (!parts[0].file) remember({format: chosen("format"), text: box.value});
	sent();
	if ($("repeat").checked) start(send);
	else box.select();
}

// start counts what is due, as timers are late, and leaves out what has no room.
function start(send) {
	const every = Math.max(1, Number($("interval").value) || 1000);
	let last = performance.now();
	timer = setInterval(() => {
		let due = Math.min(200, Math.floor((performance.now() - last) / every));
		last = due === 200 ? performance.now() : last + due * every;
		while (due-- > 0 && connection.socket?.bufferedAmount < 1 << 20 && send());
	}, Math.max(every, 10));
	update();
}

function stop() {
	if (!timer) return;
	clearInterval(timer);
	timer = 0;
	update();
}

function remember(message) {
	recent = [message, ...recent.filter(m => m.format !== message.format || m.text !== message.text)].slice(0, 20);
	picked = -1;
	$("recent").disabled = false;
	$("recent").replaceChildren(...["Last messages", ...recent.map(m => `${m.format}: ${line(m.text, 60)}`)].map(s => make("option", null, s)));
}

function pick(i) {
	if (!recent[i]) return;
	picked = i;
	fill(recent[i].format, recent[i].text);
}

box.onkeydown = e => {
	const step = e.altKey && {ArrowUp: 1, ArrowDown: -1}[e.key];
	if (step) pick(picked + step);
	else if (e.key === "Enter" && !e.shiftKey && !e.isComposing) submit();
	else return;
	e.preventDefault();
};
$("recent").onchange = () => {
	pick($("recent").selectedIndex - 1);
	$("recent").selectedIndex = 0;
	box.focus();
};
$("compose").oninput = update;
$("compose").onsubmit = e => {
	e.preventDefault();
	submit();
};
update();
