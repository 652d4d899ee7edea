// Opens a WebSocket, again and again if wanted.

import {now} from "./log.js";
import {joined} from "./text.js";

const names = {
	1000: "normal", 1001: "going away", 1002: "protocol error", 1006: "no closing handshake",
	1008: "policy violation", 1009: "message too big", 1011: "internal error",
};

export let state = "closed"; // connecting, open, closing or waiting
export let socket = null;
let settings, changed, tell;
let conn = 0; // the number of the socket
let failed = 0; // attempts
let asked = false; // to close
let attempt; // tells what goes on from what is over
let timer;

export const mirrors = () => socket.protocol === "lws-mirror-protocol";

export const listen = (onstate, onentry) => { [changed, tell] = [onstate, onentry]; };

// complete returns what was typed as a URL, with the scheme and host of the page if it lacks them.
export function complete(typed) {
	const url = typed.trim().replace(/^http(s?):/i, "ws$1:").replace(/#.*/, "");
	return /^[a-z][a-z0-9+.-]*:\//i.test(url) ? url : location.protocol.replace("http", "ws") + "//" + (url[0] === "/" ? location.host : "") + url;
}

// connect wants url, protocols, again(), and before(), for which attempts wait.
export function connect(wanted) {
	settings = wanted;
	failed = 0;
	open();
}

async function open() {
	const {url, protocols} = settings, mine = attempt = {};
	asked = false;
	set("connecting");
	await settings.before(url);
	if (mine !== attempt) return;
	let ws, opened;
	try {
		ws = socket = new WebSocket(url, protocols);
	} catch (e) {
		tell({kind: "error", text: e.message});
		return set("closed");
	}
	conn++;
	ws.binaryType = "arraybuffer";
	ws.onopen = () => {
		opened = now();
		set("open");
		tell({kind: "open", conn, url: ws.url, asked: protocols, chosen: ws.protocol, text: joined(ws.url, ws.protocol, ws.extensions)});
	};
	ws.onmessage = ({data}) => tell({
		kind: "message", direction: "received", conn, time: now(), data: typeof data === "string" ? data : new Uint8Array(data),
	});
	ws.onclose = e => {
		if (!opened && !asked) tell({kind: "error", conn, text: excuse()});
		if (now() - opened > 10e3) failed = 0;
		closed(e);
	};
}

function closed({code, reason, wasClean: clean}) {
	const text = joined(code, names[code], reason, !clean && code !== 1006 && names[1006]);
	tell({kind: "close", conn, direction: asked ? "sent" : "received", code, reason, clean, text});
	socket = null;
	if (!settings.again() || asked || code === 1000) return set("closed");
	const wait = Math.random() * Math.min(30e3, 1000 * 2 ** failed++);
	tell({kind: "note", text: `connects again in ${(wait / 1000).toFixed(1)} s`});
	set("waiting");
	timer = setTimeout(open, wait);
}

const excuse = () => `could not connect. The browser hides why: no server, a refused path or origin, or an untrusted certificate. See the log of ${
	new URL(settings.url).host === location.host ? "this page’s server, or tick “Show the server’s side” in Options." : "that server."}`;

export function disconnect(...codeAndReason) {
	clearTimeout(timer);
	if (!socket) {
		attempt = null;
		return set("closed");
	}
	try {
		socket.close(...codeAndReason);
		asked = true;
		set("closing");
	} catch (e) {
		tell({kind: "error", text: e.message});
	}
}

// send returns whether it could send data, which may be of a file with a name.
export function send(data, name) {
	if (state !== "open") return false;
	tell({kind: "message", direction: "sent", conn, data, name, time: now()});
	socket.send(data);
	return true;
}

function set(to) {
	state = to;
	changed();
}
