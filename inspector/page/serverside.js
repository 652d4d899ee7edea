// What the page's server sees of a connection, and tells over a second socket.

import {$, make, put} from "./element.js";
import {joined, line, size} from "./text.js";

const kept = 300; // frames that are shown, and heads

let socket;
let heads, frames, count;
let timer = 0;

// watch returns when url may be opened.
export function watch(url) {
	stop();
	heads = [];
	frames = [];
	count = 0;
	const {host, pathname, search} = new URL(url);
	if (host !== location.host) return say("Only the page’s own server shows its side.");
	const there = new URL("observe", location);
	there.protocol = there.protocol.replace("http", "ws");
	const ws = socket = new WebSocket(there, "airsocket-observe");
	let over = false;
	return new Promise(resolve => {
		const late = setTimeout(() => resolve(say("The server does not answer.")), 3e3);
		const go = () => resolve(clearTimeout(late));
		ws.onopen = () => ws.send(JSON.stringify({watch: pathname + search}));
		ws.onmessage = ({data}) => {
			const e = JSON.parse(data);
			if (e.event === "watching") go();
			over ||= /close|refused/.test(e.event);
			if (ws === socket) hear(e);
		};
		ws.onclose = e => {
			go();
			if (ws === socket && !over) say(e.code === 1006 ? "This server does not show its side." : `The server shows no more: ${joined(e.code, e.reason)}`);
		};
	});
}

export function stop() {
	socket?.close();
	socket = null;
}

function hear({event, time, ...e}) {
	const at = `${Number(time).toFixed(4)} s`, negotiated = joined(e.version, e.subprotocol, e.extensions);
	switch (event) {
	case "watching": return say("Watching for the connection.");
	case "refused": return say(`Refused after ${at}: ${e.error}`);
	case "close": return say(`Closed after ${at}: ${joined(e.code, e.reason, !e.clean && "no closing handshake", e.error)}`);
	case "open": say(`Open after ${at}`); // falls through
	case "request": case "answer":
		heads.push([`${event[0].toUpperCase() + event.slice(1)} after ${at}`, e.line || negotiated, ...(e.fields || []).map(f => f.join(": "))]);
		break;
	case "frame":
		frames.push([at, e.direction === "sent" ? "↑ sent" : "↓ received", e.type, size(e.bytes)]);
		count++;
		break;
	case "skipped":
		frames.push(["", "", "not shown", e.count]);
		count += e.count;
	}
	heads = heads.slice(-kept);
	frames = frames.slice(-kept);
	timer ||= setTimeout(show, 100);
}

function say(text) {
	put("server-state", line(text));
	timer ||= setTimeout(show, 100);
}

function show() {
	timer = 0;
	const box = $("server"), atEnd = box.scrollTop + box.clientHeight >= box.scrollHeight - 4;
	box.replaceChildren();
	for (const [name, ...head] of heads) box.append(make("h2", null, name), make("pre", null, head.map(s => line(s, 20_000)).join("\n")));
	if (count) {
		const rows = frames.map(cells => make("tr", null, ...cells.map(s => make("td", null, line(s)))));
		box.append(make("h2", null, `Frames: ${count}`), make("table", null, ...rows));
	}
	if (atEnd) box.scrollTop = box.scrollHeight;
}
