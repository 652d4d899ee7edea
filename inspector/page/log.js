// Keeps what has happened, with a limit. An entry has a time, and since, both in milliseconds;
// a kind (message, ping, pong, open, close, error, note); a direction (sent, received; of a
// close, who began it); data (a string or bytes) and its size, or a text about it.

import {utf8} from "./text.js";

const maxEntries = 10_000;
const maxBytes = 64 << 20; // of all data
const maxKept = 8 << 20; // of one entry

export let entries = [];
export let bytes = 0; // of their data
export let dropped = 0; // entries
let waiting = [], last = {id: 0}, timer = 0, changed;

// listen sets what gets new entries, soon and many at once.
export const listen = fn => { changed = fn; };

export const now = () => performance.timeOrigin + performance.now();

export function add(entry) {
	entry.time ??= now();
	entry.id = last.id + 1;
	entry.since = last.time && Math.max(0, entry.time - last.time);
	entry.kept = 0;
	if (entry.data !== undefined) keep(entry);
	last = entry;
	waiting.push(entry);
	if (entry.kept > maxKept / 2 || waiting.length >= 1000) flush();
	else timer ||= setTimeout(flush, 50); // a flood must not block the page
}

export function flush() {
	clearTimeout(timer);
	timer = 0;
	const added = waiting;
	waiting = [];
	entries.push(...added);
	for (const e of added) bytes += e.kept;
	let gone = 0;
	while (entries.length - gone > maxEntries || bytes > maxBytes) bytes -= entries[gone++].kept;
	entries.splice(0, gone);
	dropped += gone;
	changed(added);
}

export function clear() {
	waiting = [];
	entries = [];
	bytes = dropped = 0;
	last = {id: last.id};
	flush();
}

function keep(entry) {
	const all = isText(entry) ? utf8(entry.data) : entry.data;
	entry.size = all.length;
	entry.kept = Math.min(all.length, maxKept);
	entry.cut = entry.size > entry.kept;
	if (!entry.cut) return;
	const part = all.slice(0, maxKept);
	entry.data = isText(entry) ? new TextDecoder().decode(part).replace(/\ufffd$/, "") : part;
}

export const isText = e => typeof e.data === "string";
export const typeOf = e => e.kind === "message" ? isText(e) ? "text" : "binary" : e.kind;
